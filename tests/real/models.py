"""Language models as aimock plays them: a third party's Anthropic and OpenAI, streamed and whole, with their faults."""
import json
import os
import shutil

from stage import RunningAgent, answers, free_port, wait_for

MOCK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "npm/node_modules/@copilotkit/aimock/dist/cli.js")
HYPOTHESIS = {"cause": "the port is closed", "evidence": ["e1"], "confidence": 0.8,
              "proposal": {"entry": "Nobody listens"}, "predicts": {"fact": "up", "is": "==", "value": False}}
FIXTURES = [
    {"match": {"model": "busy"}, "response": {"status": 429, "error": {"type": "rate_limit_error", "message": "too fast"}}},
    {"match": {"model": "over"}, "response": {"status": 529, "error": {"type": "overloaded_error", "message": "Overloaded"}}},
    {"match": {"model": "cut"}, "response": {"content": "This answer ends in the middle of the stream, as things do."},
     "truncateAfterChunks": 2, "latency": 20},
    {"match": {"model": "slow"}, "response": {"content": "ready"}, "latency": 15000},
    {"match": {"userMessage": "one word"}, "response": {"content": "ready"}},
    {"match": {"userMessage": "Incident:", "hasToolResult": False}, "response": {"blocks": [
        {"type": "text", "text": "I look first."},
        {"type": "toolCall", "id": "toolu_1", "name": "look", "arguments": {"diagnostic": "load"}},
        {"type": "toolCall", "id": "toolu_2", "name": "look", "arguments": {"diagnostic": "rm -rf /"}}]}},
    {"match": {"userMessage": "Incident:", "hasToolResult": True}, "response": {"content": json.dumps(HYPOTHESIS)}},
]
CONFIG = """
hosts: [{name: here, local: true}]
services: [{name: web, host: here, check: {tcp: "127.0.0.1:%d"}, interval: 1s}]
facts: {stale: boolean}
limits: {mass_failure_least: 100}
ai: {provider: %s, base_url: "%s", model: %s, key: "${KEY}", auth: %s, stream: %s, timeout: 10s, stall: 3s%s}
"""
RUNBOOK = """
common_issues:
  - name: Nobody listens
    symptoms: [service == "web", stale == true]
    auto_resolve: [{command: "touch %s"}]
"""


def models(stage):
    node = shutil.which("node")
    if not node or not os.path.exists(MOCK):
        return False
    port = free_port()
    fixtures = stage.write("fixtures.json", json.dumps({"fixtures": FIXTURES}))
    stage.start(node, MOCK, "-p", str(port), "-h", "127.0.0.1", "-f", fixtures, "--strict", "--log-level", "silent")
    wait_for("aimock", lambda: answers(port, "/__aimock/journal"))
    stage.write("runbook.yaml", RUNBOOK % os.path.join(stage.folder, "touched"))
    urls = {"anthropic": "http://127.0.0.1:%d" % port, "openai": "http://127.0.0.1:%d/v1" % port}
    for provider, url in urls.items():
        for stream in ("true", "false"):
            reached(stage, provider, url, stream)
            investigated(stage, provider, url, stream)
    faults(stage, urls)


def ai(provider, url, model, stream, auth="bearer", more=""):
    return CONFIG % (free_port(), provider, url, model, auth, stream, more and ", " + more)


def doctor(stage, config, key="k"):
    stage.write("ops-agent.yaml", "agent: {name: real, data_dir: ./var, runbook: runbook.yaml}\n" + config)
    done = stage.ask("doctor", environment={"KEY": key})
    return done.stdout + done.stderr


def reached(stage, provider, url, stream):
    said = doctor(stage, ai(provider, url, "m", stream))
    stage.holds("%s, stream %s: it answers" % (provider, stream), "answers within" in said, said)


def faults(stage, urls):
    for model, words in (("busy", "HTTP 429: too fast"), ("over", "HTTP 529: Overloaded"), ("cut", ""), ("slow", "")):
        for provider, url in urls.items():
            said = doctor(stage, ai(provider, url, model, "true"))
            stage.holds("%s: %s" % (provider, model), "does not answer: " + words in said, said)


def investigated(stage, provider, url, stream, auth="bearer", more="", who=""):
    agent = RunningAgent(stage, ai(provider, url, "m", stream, auth, more), {"KEY": "k"})
    name = "%s, stream %s: " % (who or provider, stream)
    wait_for("a proposal", lambda: agent.incidents(service="web", state="awaiting_approval"))
    one = agent.incidents(service="web")[0]
    stage.holds(name + "it looked, and proposed", one["entry"] == "Nobody listens", one)
    stage.holds(name + "what it thinks is told", one["supposed"] == "the port is closed", one)
    stage.holds(name + "tokens and money are counted", one["tokens"] > 100 and one["cost_usd"] > 0, one)
    stage.holds(name + "nothing is done without a yes", not os.path.exists(os.path.join(stage.folder, "touched")))
    agent.program.stop()
    shutil.rmtree(os.path.join(stage.folder, "var"))
