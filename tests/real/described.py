"""GET /api/v1/openapi.json against the agent that says it: what is described is answered so, and nothing else is read."""
import http.client
import json
import os
import urllib.parse

from stage import RunningAgent, wait_for

# What people and other programs were promised (the product's contract); the rest of the description is ours to change.
PROMISED = """GET health services services/{name} incidents incidents/{id} actions alerts predictions runbook runbook/candidates report
    brain/search events openapi.json
POST incidents/{id}/ack incidents/{id}/resolve incidents/{id}/approve incidents/{id}/reject silences pause resume heartbeat/{service}
    facts/{service} events/{kind} brain/memories alertmanager"""
ELSEWHERE = (("get", "/metrics"), ("get", "/-/healthy"), ("get", "/-/ready"), ("post", "/-/reload"), ("get", "/health"))
# A value of each parameter that changes an answer in which the parameter is read.
TELLING = {"state": "zzz", "service": "nobody", "limit": "0", "cursor": "zzz", "since": "zzz", "incident": "inc-none",
           "q": "zzzzqqqq", "expr": "(", "after": "zzzz"}
NEEDED = {"q": "restart", "expr": "load > 1000"}


def problems(schema, value, shapes, at="answer"):
    """What of `value` is not as the schema says: as far as JSON Schema is used in the description."""
    if "$ref" in schema:
        return problems(shapes[schema["$ref"].rsplit("/", 1)[1]], value, shapes, at)
    if "oneOf" in schema:
        fits = [one for one in schema["oneOf"] if not problems(one, value, shapes, at)]
        return [] if len(fits) == 1 else ["%s fits %d of %r" % (at, len(fits), schema["oneOf"])]
    found = [one for part in schema.get("allOf", []) for one in problems(part, value, shapes, at)]
    if "enum" in schema and value not in schema["enum"]:
        return found + ["%s is %r" % (at, value)]
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None), "number": (int, float), "integer": int}
    wanted = schema.get("type", [])
    wanted = wanted if isinstance(wanted, list) else [wanted]
    if wanted and not any(isinstance(value, kinds[one]) and (one == "boolean" or not isinstance(value, bool)) for one in wanted):
        return found + ["%s is %r, no %s" % (at, value, wanted)]
    if isinstance(value, dict):
        found += ["%s has no %s" % (at, key) for key in schema.get("required", []) if key not in value]
        for key, one in value.items():
            part = schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {}
            found += problems(part, one, shapes, at + "." + key)
    if isinstance(value, list):
        found += [one for item in value for one in problems(schema.get("items", {}), item, shapes, at + "[]")]
    return found


class Asker:
    def __init__(self, agent, token):
        self.port, self.token = agent.port, token

    def ask(self, method, path, query=None, token=True, body=None):
        """Status, content type and what was said; of a stream only its beginning."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            headers = {"Authorization": "Bearer " + self.token} if token else {}
            where = path + ("?" + urllib.parse.urlencode(query) if query else "")
            connection.request(method.upper(), where, body, headers)
            reply = connection.getresponse()
            kind = (reply.getheader("Content-Type") or "").split(";")[0]
            text = b"" if kind == "text/event-stream" else reply.read()
            return reply.status, kind, json.loads(text) if kind.endswith("json") else text.decode()
        finally:
            connection.close()


def shape(answer):
    """What of an answer a parameter changes that is read: not what the next second would change as well."""
    status, _, said = answer
    lists = {key: len(one) for key, one in said.items() if isinstance(one, list)} if isinstance(said, dict) else {}
    return status, lists, said.get("target") if isinstance(said, dict) else None


CONFIG = """limits: {soak: 1s}
channels: [{name: it, command: {run: /bin/true}}]
hosts: [{name: box, local: true}]
services:
  - {name: shop, host: box, interval: 1s, check: {command: %s/look}, restart: %s/restart}
  - {name: job, heartbeat: {every: 1h, grace: 1h}}
"""


def has_lived(stage):
    """An agent with something to say under each path."""
    well = os.path.join(stage.folder, "well")
    stage.write("look", "#!/bin/sh\ntest -e %s\n" % well, 0o755)
    stage.write("restart", "#!/bin/sh\ntouch %s\n" % well, 0o755)
    stage.write("push.key", "push\n")
    stage.write("runbook.yaml", """common_issues:
  - {name: Shop is down, symptoms: ['service == "shop"', 'status == "down"'],
     auto_resolve: [{restart: shop}, {alert: "it was restarted"}]}
""")
    agent = RunningAgent(stage, CONFIG % (stage.folder, stage.folder), more=", push_token_file: push.key")
    with open(os.path.join(stage.folder, "var/api.token"), encoding="utf-8") as token:
        asker = Asker(agent, token.read().strip())
    wait_for("a repair", lambda: agent.incidents(service="shop", state="resolved"), 60)
    for path, body in (("brain/memories", {"title": "a restart", "text": "restart the shop"}),
                       ("silences", {"matchers": ["job"], "duration": "1h"}),
                       ("maintenance", {"names": ["job"], "duration": "1h"})):
        stage.holds("POST " + path, asker.ask("POST", "/api/v1/" + path, body=json.dumps(body))[0] == 200)
    wait_for("an alert", lambda: agent.get("alerts")["alerts"], 30)
    return agent, asker


def described(stage):
    agent, asker = has_lived(stage)
    _, _, said = asker.ask("GET", "/api/v1/openapi.json")
    paths, shapes = said["paths"], said["components"]["schemas"]
    for line in PROMISED.replace("\n    ", " ").splitlines():
        method, *names = line.split()
        missing = [name for name in names if method.lower() not in paths.get("/api/v1/" + name, {})]
        stage.holds("every %s that was promised is described" % method, not missing, missing)
    missing = [(method, path) for method, path in ELSEWHERE if method not in paths.get(path, {})]
    stage.holds("and what is beside the API", not missing, missing)
    names = {"name": "shop", "id": agent.incidents(service="shop")[0]["id"], "service": "job", "signal": "log"}
    for path, methods in paths.items():
        for method, operation in methods.items():
            if method == "get" and not path.startswith("/press/"):  # of which presses.py knows a token
                look(stage, asker, path.format(**{**names, "channel": "it"}), operation, shapes)
            if method == "post":
                refuses(stage, asker, path, operation, shapes)
    bounds(stage, agent)
    stage.end(agent.program)


def bounds(stage, agent):
    """What the journal could not take is refused, and nothing else suffers."""
    pusher = Asker(agent, "push")
    for size, wanted in ((900_000, 400), (70_000, 400), (60_000, 200)):
        body = json.dumps({"text": ("pw=a " * (size // 5))})  # redacting makes four times as much of it
        status = pusher.ask("POST", "/api/v1/events/deploy", body=body)[0]
        stage.holds("an event of %d bytes is answered with %d" % (size, wanted), status == wanted, status)
    stage.holds("and the agent goes on", agent.get("health")["services"] != [])


def look(stage, asker, path, operation, shapes):
    parameters = [one for one in operation["parameters"] if one["in"] == "query"]
    needed = {one["name"]: NEEDED[one["name"]] for one in parameters if one["required"]}
    status, kind, said = whole = asker.ask("get", path, needed)
    (wanted, content), = operation["responses"]["200"]["content"].items()
    wrong = problems(content["schema"], said, shapes) if kind.endswith("json") else []
    stage.holds("GET %s is answered as described" % path, status == 200 and kind == wanted and not wrong, (status, kind, wrong[:5]))
    if needed:
        status, kind, said = asker.ask("get", path)
        stage.holds("GET %s needs %s" % (path, ", ".join(needed)), status == 400 and
                    not problems(shapes["Problem"], said, shapes), (status, said))
    if kind == "text/event-stream" or wanted != "application/json":
        return
    before = shape(whole)
    read = {name for name, value in TELLING.items() if shape(asker.ask("get", path, {**needed, name: value})) != before}
    stage.holds("GET %s reads what is described, and nothing else" % path, read == {one["name"] for one in parameters},
                (sorted(read), parameters))


def refuses(stage, asker, path, operation, shapes):
    where = path.replace("{", "").replace("}", "")
    status, kind, said = asker.ask("post", where, token=False, body="{}")
    (wanted, _), = operation["responses"]["default"]["content"].items()
    is_open = operation["security"] == []  # a seal or a signature is asked for instead
    right = 400 <= status < 500 if is_open else status == 401
    wrong = problems(shapes["Problem"], said, shapes) if kind.endswith("json") else []
    if kind.endswith("json") and said.get("status") != status:
        wrong.append("status %r" % said.get("status"))
    stage.holds("POST %s without token is refused as described" % path, right and kind == wanted and not wrong,
                (status, kind, said, wrong))
    stage.holds("POST %s says that it needs one" % path, is_open == path.startswith(("/press/", "/api/v1/slack/")))
