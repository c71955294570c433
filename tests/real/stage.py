"""What every one of these tests stands on: a folder, programs in it, and the agent that looks at them or runs."""
import http.client
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "tools"))
from programs import PEERS, Bench, free_port, peer  # noqa: E402,F401 (for those who take them from here)

# Where what is unpacked has its libraries: for programs of it whose packages this machine does not have.
LIBRARIES = os.path.join(PEERS, "usr/lib", os.uname().machine + "-linux-gnu")


def with_unpacked_python():
    """An environment in which Debian's parts of Python that are only unpacked are found, too."""
    return {**os.environ, "PYTHONPATH": os.path.join(PEERS, "usr/lib/python3/dist-packages")}


class Row:
    def __init__(self, why, check, status, reason="", facts=None):
        self.why, self.check, self.status, self.reason, self.facts = why, check, status, reason, facts or {}


def wait_for(what, holds, seconds=30.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return
        time.sleep(0.05)
    raise TimeoutError("waited %g s for %s" % (seconds, what))


def answers(port, path="/"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def certificates(stage):
    """A CA of our own, and certificates of it that are good for 90 days, for 3 days, and for another name."""
    stage.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=ops test CA",
              "-keyout", "ca.key", "-out", "ca.pem")
    for name, days, alternative in (("good", 90, "IP:127.0.0.1"), ("soon", 3, "IP:127.0.0.1"),
                                    ("other", 90, "DNS:elsewhere.invalid")):
        stage.run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=" + name, "-keyout", name + ".key",
                  "-out", name + ".csr")
        extension = stage.write(name + ".ext", "subjectAltName=" + alternative + "\n")
        stage.run("openssl", "x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                  "-days", str(days), "-extfile", extension, "-out", name + ".pem")


class Stage(Bench):
    """Counts as wrong what is not as it must be, and says it."""

    def __init__(self, agent):
        self.agent, self.wrong = agent, 0

    def say(self, why, faults):
        print("  %s %s%s" % ("WRONG" if faults else "ok   ", why, ": " + "; ".join(faults) if faults else ""), flush=True)
        self.wrong += bool(faults)

    def holds(self, why, right, seen=None):
        self.say(why, [] if right else ["saw %r" % (seen,)])

    def run(self, *words):
        subprocess.run(words, cwd=self.folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def ask(self, *words, environment=None, around=()):
        """A word of the agent's command line."""
        return subprocess.run([*around, self.agent, *words, "--config", os.path.join(self.folder, "ops-agent.yaml")],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                              timeout=60, cwd=self.folder, env={**os.environ, **(environment or {})})

    def look(self, config, environment=None, around=()):
        """`check`: the health report."""
        self.write("ops-agent.yaml", config)
        done = self.ask("check", "--json", environment=environment, around=around)
        if not done.stdout.strip():
            raise RuntimeError("the agent said nothing: " + done.stderr)
        return json.loads(done.stdout)

    def judge(self, rows, environment=None):
        """Lets the agent look, and compares."""
        self.write("runbook.yaml", "common_issues: []\n")
        text = "agent: {name: real, data_dir: ./var, runbook: runbook.yaml}\nservices:\n"
        for number, row in enumerate(rows):
            text += "  - {name: s%d, check: {%s}}\n" % (number, row.check)
        seen = {one["name"]: one for one in self.look(text, environment)["services"]}
        for number, row in enumerate(rows):
            one = seen["s%d" % number]
            faults = []
            if one["status"] != row.status:
                faults.append("status %s instead of %s" % (one["status"], row.status))
            if row.reason not in (one["reason"] or ""):
                faults.append("reason without '%s'" % row.reason)
            faults += ["fact %s is %r" % (name, one["facts"].get(name)) for name, right in row.facts.items()
                       if not right(one["facts"].get(name))]
            self.say(row.why, faults + ["reason '%s'" % one["reason"]] if faults else [])


class RunningAgent:
    """`ops-agent run`, asked over its API. `config` is what follows `agent:`."""

    def __init__(self, stage, config, environment=None, around=(), more=""):
        self.stage, self.port = stage, free_port()
        head = "agent: {name: real, mode: auto, data_dir: ./var, listen: '127.0.0.1:%d', runbook: runbook.yaml%s}\n"
        path = stage.write("ops-agent.yaml", head % (self.port, more) + config)
        self.program = stage.start(*around, stage.agent, "run", "--config", path,
                                   env={**os.environ, **(environment or {})})
        wait_for("the agent", lambda: self.program.check() or answers(self.port, "/-/ready"))

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            with open(os.path.join(self.stage.folder, "var/api.token"), encoding="utf-8") as token:
                connection.request("GET", "/api/v1/" + path, headers={"Authorization": "Bearer " + token.read().strip()})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def incidents(self, **what):
        """Those that are as said: `title="x", state="open"`."""
        return [one for one in self.get("incidents?limit=100")["incidents"]
                if all(one[name] == value for name, value in what.items())]

    def service(self, name):
        return self.get("services/" + name)

    def host(self, name):
        return next(one for one in self.get("health")["hosts"] if one["name"] == name)
