"""Each request to a language model judged by the API's description, and a whole investigation through other parties' programs.

Prism validates what we send against the descriptions in ../shared/contracts and hands it on to aimock; claude-code-router takes
Anthropic's API and speaks OpenAI's. Skipped where the descriptions or the packages (tests/real/npm, by its lock file) are missing.
"""
import json
import os
import shutil
import time

from models import FIXTURES, MOCK, RUNBOOK, ai, doctor, investigated
from stage import answers, free_port, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(HERE, "npm/node_modules")
ROUTER = os.path.join(MODULES, "@musistudio/claude-code-router/dist/cli.js")
SHARED = os.path.join(HERE, "../../../shared/contracts")
SERVER = os.path.join(SHARED, "tools/contracts-server.cjs")
OLD, NEW = "version: '2023-06-01'", "version: '2026-10-21'"


def contracts(stage):
    node = shutil.which("node")
    if not node or not all(os.path.exists(path) for path in (MOCK, ROUTER, SERVER, MODULES + "/@stoplight/prism-http-server")):
        return False
    mock = free_port()
    fixtures = stage.write("fixtures.json", json.dumps({"fixtures": FIXTURES}))
    stage.start(node, MOCK, "-p", str(mock), "-h", "127.0.0.1", "-f", fixtures, "--strict", "--log-level", "silent")
    judges = {name: free_port() for name in ("anthropic", "anthropic_2026-10-21", "openai")}
    prism = stage.start(node, SERVER, MODULES, *("%s/%s.json:%d:http://127.0.0.1:%d" % (os.path.abspath(SHARED), name, port, mock)
                                                 for name, port in judges.items()))
    wait_for("aimock", lambda: answers(mock, "/__aimock/journal"))
    for port in judges.values():
        wait_for("prism", lambda port=port: answers(port), 120)
    stage.write("runbook.yaml", RUNBOOK % os.path.join(stage.folder, "touched"))
    old, new, openai = ("http://127.0.0.1:%d%s" % (judges[name], path)
                        for name, path in (("anthropic", ""), ("anthropic_2026-10-21", ""), ("openai", "/v1")))
    for name, provider, url, auth, more in (("2023-06-01", "anthropic", old, "x-api-key", OLD),
                                            ("2026-10-21", "anthropic", new, "bearer", NEW), ("OpenAI", "openai", openai, "bearer", "")):
        for stream in ("true", "false"):
            investigated(stage, provider, url, stream, auth, more, "by the description of %s" % name)
    stage.holds("not one request was refused", not refusals(prism), refusals(prism))
    refused(stage, old, new, openai)
    stage.holds("and Prism wrote down what it refused", refusals(prism))
    routed(stage, node, openai, settled(prism), prism)


def refusals(prism):
    with open(prism.log, errors="replace") as file:
        return [line.strip() for line in file if '"msg"' in line and '"get /"' not in line]  # that is our own knocking


def settled(prism):
    """How many they are once it has written all of them down: it writes after it has answered."""
    count, seen = -1, len(refusals(prism))
    while count != seen:
        time.sleep(1)
        count, seen = seen, len(refusals(prism))
    return seen


def refused(stage, old, new, openai):
    """What the other side's version does not take is told by its status, not hidden."""
    for why, provider, url, auth, more in (
            ("a bearer token, where x-api-key is wanted", "anthropic", old, "bearer", OLD),
            ("x-api-key, where a bearer token is wanted", "anthropic", new, "x-api-key", NEW),
            ("the old version, where today's is wanted", "anthropic", new, "bearer", OLD),
            ("a temperature, which is gone", "anthropic", new, "bearer", NEW + ", temperature: 0.5"),
            ("no key", "openai", openai, "none", "")):
        said = doctor(stage, ai(provider, url, "m", "false", auth, more))
        stage.holds(why + ": told", "does not answer: HTTP 4" in said, said)


def routed(stage, node, openai, before, prism):
    """Anthropic's API in, OpenAI's out, by a program that knows neither of us."""
    port = free_port()
    home = os.path.join(stage.folder, "home")
    os.makedirs(os.path.join(home, ".claude-code-router"))
    with open(os.path.join(home, ".claude-code-router/config.json"), "w") as file:
        json.dump({"APIKEY": "k", "HOST": "127.0.0.1", "PORT": port, "LOG": False, "NON_INTERACTIVE_MODE": True,
                   "Providers": [{"name": "mock", "api_base_url": openai + "/chat/completions", "api_key": "k", "models": ["m"]}],
                   "Router": {"default": "mock,m"}}, file)
    stage.start(node, ROUTER, "start", env={**os.environ, "HOME": home, "SERVICE_PORT": str(port)})
    wait_for("claude-code-router", lambda: answers(port), 60)
    url = "http://127.0.0.1:%d" % port
    for stream in ("true", "false"):
        investigated(stage, "anthropic", url, stream, "bearer", "", "through claude-code-router")
    stage.holds("what it made of it is by the description, too", len(refusals(prism)) == before, refusals(prism)[before:])
    said = doctor(stage, ai("anthropic", url, "m", "false", "x-api-key"), "wrong")
    stage.holds("a wrong key is told", "does not answer: HTTP 401" in said, said)
