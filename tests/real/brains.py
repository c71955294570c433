"""Two agents that are each other's counterpart: one is the outside Brain of the other, in both directions of the API."""
import http.client
import json
import socket
import subprocess

from stage import RunningAgent, answers, free_port, wait_for

SHOP = """
services: [{name: shop, check: {tcp: "127.0.0.1:%d"}, interval: 1s}]
limits: {mass_failure_least: 100}
brain: {url: "http://127.0.0.1:%d", token_file: var-other/api.token, timeout: 5s}
"""


class Other:
    """A second agent in the same folder, with files of its own."""

    def __init__(self, stage):
        self.stage, self.port = stage, free_port()
        self.config = stage.write("other.yaml", "agent: {name: other, data_dir: ./var-other, listen: '127.0.0.1:%d', "
                                                "runbook: runbook.yaml}\n" % self.port)
        self.program = None

    def start(self):
        self.program = self.stage.start(self.stage.agent, "run", "--config", self.config)
        wait_for("the other agent", lambda: self.program.check() or answers(self.port, "/-/ready"))

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()


def similar(agent, provenance):
    return [one for incident in agent.incidents(service="shop")
            for one in agent.get("incidents/" + incident["id"])["similar"] if one["provenance"] == provenance]


def brains(stage):
    stage.write("runbook.yaml", "common_issues: []\n")
    other = Other(stage)
    other.start()
    added = subprocess.run([stage.agent, "brain", "add", "--config", other.config, "--title", "shop is down", "--text",
                            "connection refused: the payment gateway hangs; restart it"], cwd=stage.folder, timeout=30,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    stage.holds("a person tells the other one", added.returncode == 0, added.stderr)
    stage.holds("its health", other.get("/health") == {"status": "ok", "memories": 1}, other.get("/health"))

    with socket.create_server(("127.0.0.1", 0)) as shop:
        port = shop.getsockname()[1]
        agent = RunningAgent(stage, SHOP % (port, other.port))
        wait_for("shop to be well", lambda: agent.service("shop")["status"] == "up")
        doctor = stage.ask("doctor").stdout
        stage.holds("doctor says that it answers", "the outside Brain answers" in doctor, doctor)
    wait_for("an incident", lambda: agent.incidents(service="shop"))
    wait_for("what the other one says", lambda: similar(agent, "outside"))
    stage.holds("it is what it was told", similar(agent, "outside")[0]["title"].startswith("shop is down"), similar(agent, "outside"))

    incident = agent.incidents(service="shop")[0]["id"]
    closed = stage.ask("resolve", incident, "--note", "plugged the cable of the rack in again")
    stage.holds("a person repairs it and says how", closed.returncode == 0, closed.stderr)
    found = []

    def told():
        found[:] = [one for one in other.get("/api/v1/brain/search?q=cable%20rack")["results"] if "cable" in one["text"]]
        return found

    wait_for("the other one to be told", told)
    stage.holds("as another's word", found[0]["provenance"] == "outside" and found[0]["meta"]["from"] == "real" and
                found[0]["meta"]["outcome"] == "human", found)
    own = stage.ask("brain", "search", "cable", "--json")
    stage.holds("and it is remembered here", "plugged the cable" in own.stdout and '"person"' in own.stdout, own.stdout)

    stage.end(other.program)
    wait_for("the other one to be gone", lambda: not answers(other.port, "/health"))
    with socket.create_server(("127.0.0.1", port)):
        wait_for("shop to be well again", lambda: agent.service("shop")["status"] == "up")
        wait_for("all to be over", lambda: all(one["state"] == "resolved" for one in agent.incidents(service="shop")))
    before = len(agent.incidents(service="shop"))
    wait_for("one more incident", lambda: len(agent.incidents(service="shop")) > before)
    wait_for("what was done then comes up, without the other one", lambda: [
        one for one in similar(agent, "person") if one["outcome"] == "human"])
    doctor = stage.ask("doctor").stdout
    stage.holds("doctor says that it does not answer", "the outside Brain does not answer" in doctor, doctor)
    again = stage.ask("brain", "search", "cable")
    stage.holds("memory goes on without it", "plugged the cable" in again.stdout, again.stdout + again.stderr)

    stage.end(agent.program)
    damaged = stage.write("var/brain.db", "this is no database" * 1000)
    agent = RunningAgent(stage, SHOP % (port, other.port))
    wait_for("it to watch as ever", lambda: agent.service("shop")["status"] == "down")
    doctor = stage.ask("doctor").stdout
    stage.holds("doctor says that memory is damaged", "memory cannot be read" in doctor, doctor)
    broken = stage.ask("brain", "search", "cable")
    stage.holds("so does a search", broken.returncode != 0 and "memory cannot be read" in broken.stderr, broken.stderr)
    with open(damaged, encoding="utf-8") as file:
        stage.holds("and the file is left as it is", file.read() == "this is no database" * 1000)
