"""Two agents that watch each other: each sends its sign of life to the other as a heartbeat, with the other's push token."""
import base64
import json
import os

from channels import Listener
from stage import RunningAgent, wait_for


class Room:
    """A folder of its own on the same stage."""

    def __init__(self, stage, name):
        self.agent, self.start = stage.agent, stage.start
        self.folder = os.path.join(stage.folder, name)
        os.makedirs(self.folder)
        self.write("runbook.yaml", "common_issues: []\n")
        self.write("push.key", "push-token-of-" + name)

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path


def watchers(stage):
    rooms = {name: Room(stage, name) for name in ("a", "b")}
    agents, proxy = {}, Listener()
    who = {"a": "user: ops, password_file: proxy.key", "b": "token_file: proxy.key"}
    for name, other in (("a", "b"), ("b", "a")):
        rooms[name].write("other.key", "push-token-of-" + other)
        rooms[name].write("other.url", "http://127.0.0.1:1/not-yet")
        rooms[name].write("proxy.key", "of-" + name + "\n")
        agents[name] = RunningAgent(rooms[name], """
services: [{name: agent-%s, heartbeat: {every: 10s, grace: 5s}}]
escalation: {dead_man: {url_file: other.url, token_file: other.key, every: 10s, alertmanager: {url: 'http://127.0.0.1:%d/%s', %s}}}
""" % (other, proxy.port, name, who[name]), more=", push_token_file: push.key")
    for name, other in (("a", "b"), ("b", "a")):
        rooms[name].write("other.url", "http://127.0.0.1:%d/api/v1/heartbeat/agent-%s\n" % (agents[other].port, name))
    for name, other in (("a", "b"), ("b", "a")):
        wait_for("%s to hear of %s" % (name, other), lambda: agents[name].service("agent-" + other)["status"] == "up", 40)
    stage.holds("each hears of the other, with its token", True)
    for name, wanted in (("a", "Basic " + base64.b64encode(b"ops:of-a").decode()), ("b", "Bearer of-b")):
        came = lambda: [one for one in proxy.requests if one[1] == "/%s/api/v2/alerts" % name]
        wait_for("a Watchdog", came, 30)
        _, _, headers, body = came()[0]
        stage.holds("an Alertmanager that asks who knocks is told: %s" % wanted.split()[0],
                    headers.get("Authorization") == wanted and json.loads(body)[0]["labels"]["alertname"] == "Watchdog", headers)
    agents["a"].program.process.kill()
    wait_for("b to miss a", lambda: agents["b"].incidents(service="agent-a"), 60)
    found = agents["b"].incidents(service="agent-a")
    stage.holds("one that is killed is missed by the other", [one["title"] for one in found] == ["agent-a is down"], found)
