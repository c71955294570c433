"""Kills core and executor of an agent at random while it repairs services that break again and again.

A service is a file: 'up' exists or not. Its restart command writes $OPS_STEP_KEY into a ledger outside of the
agent, takes a moment, and makes the file. See kill9.sh.
"""
import collections
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../demo"))
from company import Agent, free_ports  # noqa: E402

KILLS = int(os.environ.get("OPS_KILLS", "30"))
SEED = int(os.environ.get("OPS_SEED", str(int(time.time()))))
SERVICES = 3
SETTLE_SECONDS = 30

CONFIG = """agent: {{name: kill9, mode: auto, data_dir: ./var, listen: "127.0.0.1:{port}", runbook: runbook.yaml}}
hosts: [{{name: kill9, local: true, interval: 1s}}]
services:
  - name: shop_{{1..{services}}}
    host: kill9
    interval: 200ms
    check: {{command: "test -e {folder}/shop_{{n}}.up", timeout: 5s}}
    restart: "/bin/sh {folder}/restart shop_{{name}}"
channels: [{{name: founder, command: {{run: "tee -a {folder}/told.txt"}}}}]
limits:
  {{attempts: 100, attempts_reset: 1s, backoff_first: 200ms, backoff_most: 500ms, actions_per_hour: 10000, actions_per_day: 10000,
   group_share: 100%, mass_failure_least: 100, soak: 500ms, verify_timeout: 2s}}
"""

RUNBOOK = """common_issues:
  - name: Shop is down
    symptoms: [up == false]
    auto_resolve:
      - {restart: "{service}", effect: EFFECT}
      - verify: check service
"""

# The line is appended in one write, so two of them never mix; the pause is where a kill may come.
RESTART = """echo "$OPS_STEP_KEY $1" >> {folder}/ledger
sleep 0.1
: > {folder}/$1.up
"""


class Trial:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="ops-agent-kill9.")
        self.port = free_ports(1)[0]
        self.names = ["shop_%d" % n for n in range(1, SERVICES + 1)]
        self.ledger = os.path.join(self.folder, "ledger")
        self.chance = random.Random(SEED)
        self.kills = collections.Counter()
        config = self.write("ops-agent.yaml", CONFIG.format(port=self.port, folder=self.folder, services=SERVICES))
        self.write("runbook.yaml", RUNBOOK.replace("EFFECT", os.environ.get("OPS_EFFECT", "idempotent")))
        self.write("restart", RESTART.format(folder=self.folder))
        self.write("ledger", "")
        for name in self.names:
            self.write(name + ".up", "")
        self.agent = Agent(config, self.port)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def break_some(self):
        for name in self.names:
            if self.chance.random() < 0.7:
                try:
                    os.unlink(os.path.join(self.folder, name + ".up"))
                except FileNotFoundError:
                    pass

    def executors(self):
        """Children of the core that are the program itself, not a check's or step's command."""
        own = os.stat(self.agent.binary)
        found = []
        for pid in self.agent.children():
            try:
                program = os.stat("/proc/%d/exe" % pid)
            except OSError:
                continue
            if (program.st_dev, program.st_ino) == (own.st_dev, own.st_ino):
                found.append(pid)
        return found

    def kill_one(self):
        if self.agent.process.poll() is not None:
            raise RuntimeError("the core ended by itself with %d:\n%s" % (self.agent.process.returncode,
                                                                          self.agent.log_tail()))
        executors = self.executors()
        if executors and self.chance.random() < 0.5:
            try:
                os.kill(executors[0], signal.SIGKILL)
                self.kills["executor"] += 1
            except ProcessLookupError:
                pass
            return
        self.agent.process.kill()
        self.agent.process.wait()
        self.kills["core"] += 1
        self.agent.start()
        self.agent.wait_ready()

    def run(self):
        self.agent.start()
        self.agent.wait_ready()
        time.sleep(1)
        while sum(self.kills.values()) < KILLS:
            self.break_some()
            self.wait_a_moment()
            self.kill_one()
        # Unharmed from here on: all of it must come to an end.
        end = time.monotonic() + SETTLE_SECONDS
        calm = 0
        while time.monotonic() < end and calm < 4:
            time.sleep(0.5)
            calm = 0 if self.unsettled() or self.down_and_not_told() else calm + 1

    def down_and_not_told(self):
        told = {one["service"] for one in self.agent.incidents() if one["state"] == "escalated"}
        return [name for name in self.names
                if name not in told and not os.path.exists(os.path.join(self.folder, name + ".up"))]

    def wait_a_moment(self):
        """Mostly until a command began and a little more: before, in and after it; sometimes any moment."""
        if self.chance.random() < 0.3:
            time.sleep(self.chance.uniform(0.0, 1.5))
            return
        size = os.path.getsize(self.ledger)
        end = time.monotonic() + 4
        while time.monotonic() < end and os.path.getsize(self.ledger) == size:
            time.sleep(0.005)
        time.sleep(self.chance.choice([0.0, 0.05, 0.1, 0.3, 1.0]) * self.chance.random())

    def unsettled(self):
        return [one for one in self.agent.incidents() if one["state"] not in ("resolved", "escalated")]

    def judge(self):
        with open(self.ledger) as file:
            keys = [line.split()[0] for line in file if line.split()]
        twice = [key for key, count in collections.Counter(keys).items() if count > 1]
        recorded = {one["id"] for one in self.agent.actions()}
        lost = sorted(set(keys) - recorded)
        unsettled = self.unsettled()
        incidents = self.agent.incidents()
        audit = subprocess.run([self.agent.binary, "audit", "verify", "--config", self.agent.config],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        states = collections.Counter(one["state"] for one in incidents)
        print("%d commands ran, %d actions recorded, %d incidents: %s" % (
            len(keys), len(recorded), len(incidents), ", ".join("%d %s" % (n, s) for s, n in states.items())))
        yield "commands ran at all", [] if len(keys) >= KILLS / 3 else ["only %d" % len(keys)]
        yield "both core and executor were killed", [w for w in ("core", "executor") if KILLS > 9 and not self.kills[w]]
        facts = {one["name"]: one for one in self.agent.ask("check")["services"]}
        yield "every service is up again, or escalated", ["%s: a fresh check says %s" % (name, facts[name])
                                                          for name in self.down_and_not_told()]
        yield "no step key ran twice", twice
        yield "every step that ran is among the actions", lost
        yield "every incident is resolved or escalated", ["%s %s %s %s" % (
            one["id"], one["service"], one["state"], one["reason"]) for one in unsettled]
        yield "the journal's chain is whole", [] if audit.returncode == 0 else [audit.stdout.strip()]


def main():
    trial = Trial()
    passed = failed = 0

    def end(number, _frame):
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    try:
        trial.run()
        print("seed %d, killed: core %d times, executor %d times" % (SEED, trial.kills["core"],
                                                                    trial.kills["executor"]))
        for what, wrong in trial.judge():
            passed, failed = passed + (not wrong), failed + bool(wrong)
            print("%s %s" % ("ok  " if not wrong else "FAIL", what))
            for one in wrong[:10]:
                print("       " + one)
    except (RuntimeError, TimeoutError, subprocess.TimeoutExpired) as problem:
        print("FAIL %s" % problem)
        failed += 1
    finally:
        trial.agent.stop()
        if failed or os.environ.get("OPS_KEEP"):
            print("kept: " + trial.folder)
        else:
            shutil.rmtree(trial.folder, ignore_errors=True)
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


sys.exit(main())
