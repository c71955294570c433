"""Channels: what they send is judged by the descriptions of the services' own APIs (Prism), changed in a chat
(telegram-test-api), typed by Slack's own types (tsc), carried on by the real Apprise, and compared with what a real
Alertmanager sent."""
import http.server
import json
import os
import shutil
import socket
import subprocess
import threading

from mail import HOSTILE
from stage import PEERS, RunningAgent, answers, free_port, peer, wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CONTRACTS = os.path.join(ROOT, "../shared/contracts")
MODULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "npm/node_modules")
TOKEN = "123456:" + "a" * 32
TELEGRAM = ("const Server = require(process.argv[1]); new Server({port: +process.argv[2], host: '127.0.0.1'}).start()")
JUDGED = """import type {MessageAttachment} from '@slack/types';
const message: {text: string, attachments: MessageAttachment[]} = %s;
console.log(message.text);
"""


class Listener(threading.Thread):
    """An HTTP server that keeps what it is sent, and answers as the service would."""
    ANSWER = {"id": "17", "event_id": "$17", "request": "r", "receipt": "c", "status": 1}

    def __init__(self):
        super().__init__(daemon=True)
        self.requests = []
        listener = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def take(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                listener.requests.append((self.command, self.path, dict(self.headers), body))
                answer = b"ok" if self.path.startswith("/slack") else json.dumps(listener.ANSWER).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_PUT = do_PATCH = take

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.start()

    def run(self):
        self.server.serve_forever()

    def seen(self, path):
        return [(method, json.loads(body)) for method, where, _, body in self.requests if where.startswith(path)]


def listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def secret(stage, name, text):
    stage.write(name, text + "\n", 0o600)


def prism(stage, *names):
    """One process that refuses what the description of the API does not have; name -> port."""
    ports = {name: free_port() for name in names}
    program = stage.start(shutil.which("node"), os.path.join(CONTRACTS, "tools/contracts-server.cjs"), MODULES,
                          *("%s:%d" % (os.path.join(CONTRACTS, name + ".json"), port) for name, port in ports.items()))
    wait_for("Prism", lambda: program.check() or all(answers(port) for port in ports.values()), 90)
    return ports


def listened(listener):
    """Channels of which no third party's counterpart is to be had here."""
    url = "http://127.0.0.1:%d" % listener.port
    return {
        "hook": "slack: {webhook_url_file: slack.url}", "discord": "discord: {webhook_url_file: discord.url}",
        "gotify": "gotify: {url: '%s/gotify', token_file: any.key}" % url,
        "pushover": "pushover: {url: '%s/pushover', token_file: any.key, user_file: any.key}" % url,
        "matrix": "matrix: {url: '%s', room: '!a:b.c', token_file: any.key}" % url,
        "am": "alertmanager: {url: '%s/alertmanager'}" % url,
    }


def judged(ports):
    return {
        "ntfy": "ntfy: {url: 'http://127.0.0.1:%d', topic: ops}" % ports["ntfy"],
        "pd": "pagerduty: {url: 'http://127.0.0.1:%d', routing_key_file: pd.key}" % ports["pagerduty"],
        "tgp": "telegram: {url: 'http://127.0.0.1:%d', token_file: tg.token, chat_id: 42}" % ports["telegram"],
        "bot": "slack: {url: 'http://127.0.0.1:%d/api', token_file: slack.token, channel: C1}" % ports["slack"],
    }


def config_of(channels):
    return "channels:\n" + "".join("  - {name: %s, timeout: 5s, %s}\n" % one for one in channels.items())


def by_prism(stage, channels, ports):
    """One test message each: the requests are as the descriptions say, and a wrong one is told in words."""
    head = "agent: {name: real, data_dir: ./var, runbook: runbook.yaml}\n"
    stage.write("ops-agent.yaml", head + config_of(channels))
    for name, words in (("ntfy", "as message"), ("pd", "resolved again"), ("tgp", "in chat 42"), ("bot", "message ")):
        done = stage.ask("notify", "test", name)
        stage.holds("%s: taken, and said in words" % name, done.returncode == 0 and words in done.stdout,
                    done.stdout + done.stderr)
    wrong = {"bot": "slack: {url: 'http://127.0.0.1:%d/api', token_file: empty.key, channel: C1}" % ports["slack"],
             "tgp": "telegram: {url: 'http://127.0.0.1:%d', token_file: short.token, chat_id: 42}" % ports["telegram"]}
    stage.write("ops-agent.yaml", head + config_of(wrong))
    for name in wrong:
        done = stage.ask("notify", "test", name)
        stage.holds("%s: a wrong secret is refused, said in words and not shown" % name,
                    done.returncode == 1 and "channel '%s': " % name in done.stderr and "1:short" not in done.stderr,
                    done.stdout + done.stderr)


def incident(stage, channels):
    """One incident, hostile in its text, on a ladder of all channels: raised, acknowledged, over."""
    bad = stage.write("bad", "")
    look = "#!/bin/sh\ntest -e %s || exit 0\nprintf '%s'\nexit 2\n" % (bad, HOSTILE + "<b>&*_`@everyone")
    stage.write("look", look, 0o755)
    stage.write("runbook.yaml", "common_issues: []\nescalation:\n  - {name: Service down, when: down_for > 1s, "
                "level: critical}\n")
    agent = RunningAgent(stage, config_of(channels) + """
hosts: [{name: box, local: true}]
services: [{name: shop, host: box, interval: 1s, check: {command: %s/look}}]
escalation: {critical: [%s], unacked_after: 1s}
""" % (stage.folder, ", ".join(channels)))

    def sent(state):
        return sorted(name for one in agent.get("alerts?limit=100")["alerts"] if one["state"] in state for name in one["sent"])

    wait_for("a message on every channel", lambda: sent(("raised", "changed")) == sorted(channels), 90)
    stage.ask("ack", agent.incidents(title="shop is down")[0]["id"])
    wait_for("that all hear of the acknowledgement", lambda: sent(("acknowledged",)) == sorted(channels), 60)
    os.remove(bad)
    wait_for("that all hear of the end", lambda: sent(("recovered",)) == sorted(channels), 60)
    alerts = agent.get("alerts?limit=100")["alerts"]
    stage.holds("nobody refused anything", all(not one["given_up"] and not one["error"] for one in alerts), alerts)
    stage.end(agent.program)


def in_chat(stage, port, token):
    """What telegram-test-api has in its chat after an incident."""
    done = subprocess.run(["curl", "-s", "-d", json.dumps({"token": token}), "-H", "Content-Type: application/json",
                           "http://127.0.0.1:%d/getUpdatesHistory" % port], capture_output=True, check=True)
    messages = [one["message"] for one in json.loads(done.stdout)["result"]]
    texts = [one["text"] for one in messages]
    stage.holds("telegram: one message, which was changed to the end", len(texts) == 1 and
                texts[0].startswith("<b>✅ RECOVERED: shop is down</b>\n<b>Time:</b> 20"), texts)


def heard(stage, listener):
    """What the others got, in the order of an incident's life."""
    edits = [method for method, _ in listener.seen("/discord")]
    stage.holds("discord: sent once and changed twice", edits == ["POST", "PATCH", "PATCH"], edits)
    stage.holds("discord: nobody can be mentioned", all(body["allowed_mentions"] == {"parse": []} and
                "@everyone" not in json.dumps(body).replace("\\\\@", "") for _, body in listener.seen("/discord")))
    rooms = [body for _, body in listener.seen("/_matrix")]
    stage.holds("matrix: sent once and replaced twice", [body.get("m.relates_to", {}).get("rel_type") for body in rooms] ==
                [None, "m.replace", "m.replace"], rooms)
    stage.holds("pushover: the call is called off", [path for _, path, _, _ in listener.requests if "cancel" in path][:1] ==
                ["/pushover/1/receipts/c/cancel.json"])
    stage.holds("gotify: three messages", len(listener.seen("/gotify")) == 3)


def fingerprint(labels):
    value = 14695981039346656037
    for byte in b"".join(name.encode() + b"\xff" + labels[name].encode() + b"\xff" for name in sorted(labels)):
        value = ((value ^ byte) * 1099511628211) % 2**64
    return "%016x" % value


def kinds(value):
    """The shape of a JSON value: names and types; of labels and annotations only that they are texts."""
    if isinstance(value, dict):
        return {key: "texts" if key.endswith(("abels", "nnotations")) and all(isinstance(one, str) for one in value[key].values())
                else kinds(value[key]) for key in value}
    return [kinds(value[0])] if isinstance(value, list) else type(value).__name__


def as_alertmanager(stage, listener):
    """Ours beside what Alertmanager 0.25 sent; its own fingerprints show that ours are made alike."""
    ours = [body for _, body in listener.seen("/alertmanager")]
    for name, mine in (("webhook_firing", ours[0]), ("webhook_resolved", ours[-1])):
        with open(os.path.join(CONTRACTS, "captures/alertmanager", name + ".json"), encoding="utf-8") as file:
            real = json.load(file)
        stage.holds("alertmanager: the shape of %s" % name, kinds(mine) == kinds(real), (kinds(mine), kinds(real)))
        stage.holds("alertmanager: its status", mine["status"] == real["status"], mine["status"])
        stage.holds("alertmanager: this is how it makes fingerprints", all(
            fingerprint(one["labels"]) == one["fingerprint"] for one in real["alerts"]), real)
        stage.holds("alertmanager: ours are the same", all(
            fingerprint(one["labels"]) == one["fingerprint"] for one in mine["alerts"]), mine)
    first, last = ours[0]["alerts"][0], ours[-1]["alerts"][0]
    stage.holds("alertmanager: one alert from firing to resolved",
                (first["fingerprint"], first["startsAt"]) == (last["fingerprint"], last["startsAt"]) and
                first["endsAt"] == "0001-01-01T00:00:00Z" != last["endsAt"], (first, last))


def by_types(stage, listener):
    """TypeScript judges a message with Slack's own types, and would refuse one that is wrong."""
    tsc = os.path.join(MODULES, "typescript/bin/tsc")
    body = listener.seen("/slack")[0][1]

    def judge(message):
        path = stage.write("message.ts", JUDGED % json.dumps(message))
        os.makedirs(os.path.join(stage.folder, "node_modules/@slack"), exist_ok=True)
        link = os.path.join(stage.folder, "node_modules/@slack/types")
        if not os.path.exists(link):
            os.symlink(os.path.join(MODULES, "@slack/types"), link)
        done = subprocess.run(["node", tsc, "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext",
                               "--moduleResolution", "nodenext", "--target", "es2022", "--lib", "es2022,dom", path],
                              cwd=stage.folder, capture_output=True, text=True, timeout=120, check=False)
        return done.stdout.strip()

    said = judge(body)
    stage.holds("slack: its own types take the message", said == "", said)
    body["attachments"][0]["blocks"][0]["text"]["type"] = "markdwn"
    stage.holds("slack: they refuse a wrong one", "error TS" in judge(body))


def by_apprise(stage, listener):
    """The real program, with Debian's own parts of Python beside it where it is only unpacked."""
    program = peer("apprise")
    if not program:
        print("  skipped: Apprise (run tools/unpack real)")
        return
    wrapper = stage.write("apprise", "#!/bin/sh\nPYTHONPATH=%s/usr/lib/python3/dist-packages exec %s \"$@\"\n" % (
        PEERS, program), 0o755)
    secret(stage, "apprise.conf", "ops=json://127.0.0.1:%d/apprise" % listener.port)
    one = "apprise: {config_file: apprise.conf, program: %s, tag: %s}"
    head = "agent: {name: real, data_dir: ./var, runbook: runbook.yaml}\n"
    for tag, code, words in (("ops", 0, "all services took it"), ("nobody", 1, "no service has this tag")):
        stage.write("ops-agent.yaml", head + config_of({"it": one % (wrapper, tag)}).replace("5s", "60s"))
        done = stage.ask("notify", "test", "it")
        stage.holds("apprise, tag %s: %s" % (tag, words), done.returncode == code and words in done.stdout + done.stderr,
                    done.stdout + done.stderr)
    got = [body for _, body in listener.seen("/apprise")]
    stage.holds("apprise: the text arrived once", len(got) == 1 and
                got[0]["message"].startswith("🔔 TEST: Alerts from real arrive on 'it'"), got)
    missing = config_of({"it": "apprise: {config_file: apprise.conf, program: /nowhere/apprise}"})
    stage.write("ops-agent.yaml", head + missing)
    said = stage.ask("doctor").stdout
    stage.holds("doctor knows that it is not there", "there is no program '/nowhere/apprise'" in said, said)


def channels(stage):
    stage.write("runbook.yaml", "common_issues: []\n")
    listener = Listener()
    by_apprise(stage, listener)
    for name, text in (("tg.token", TOKEN), ("slack.token", "xoxb-1"), ("pd.key", "k" * 32), ("any.key", "any"),
                       ("empty.key", ""), ("short.token", "1:short"),
                       ("slack.url", "http://127.0.0.1:%d/slack" % listener.port),
                       ("discord.url", "http://127.0.0.1:%d/discord/1/x" % listener.port)):
        secret(stage, name, text)
    packages = ("@stoplight/prism-http", "telegram-test-api", "typescript", "@slack/types")
    has_npm = shutil.which("node") and all(os.path.exists(os.path.join(MODULES, name)) for name in packages)
    has_contracts = os.path.isdir(CONTRACTS)
    ladder, port = listened(listener), free_port()
    if has_npm:
        stage.start(shutil.which("node"), "-e", TELEGRAM, os.path.join(MODULES, "telegram-test-api"), str(port))
        wait_for("telegram-test-api", lambda: listens(port), 60)
        ladder["chat"] = "telegram: {url: 'http://127.0.0.1:%d', token_file: tg.token, chat_id: 42}" % port
    else:
        print("  skipped: Prism, telegram-test-api, tsc (run tools/unpack real, with npm)")
    if has_npm and has_contracts:
        ports = prism(stage, "slack", "telegram", "pagerduty", "ntfy")
        by_prism(stage, judged(ports), ports)
        ladder.update(judged(ports))
    elif has_npm:
        print("  skipped: descriptions of the APIs (../shared/contracts is not there)")
    incident(stage, ladder)
    heard(stage, listener)
    if has_contracts:
        as_alertmanager(stage, listener)
    if has_npm:
        in_chat(stage, port, TOKEN)
        by_types(stage, listener)
