"""Kills core and executor of agents at random while they repair services that break again and again.

Several worlds run beside each other, each with an agent, a configuration and three services of its own. A service is a
file: it holds the number of a process that lives, or is gone. Its restart command writes $OPS_STEP_KEY into a ledger
outside of the agent, takes a moment, and makes the file. See kill9.sh.
"""
import collections
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../demo"))
from company import Agent, free_ports  # noqa: E402

KILLS = int(os.environ.get("OPS_KILLS", "30"))
SEED = int(os.environ.get("OPS_SEED", str(int(time.time()))))
WORLDS = int(os.environ.get("OPS_WORLDS", str(max(1, min(8 * (os.cpu_count() or 1), KILLS // 10)))))
SERVICES = 3
# The longest honest wait is for a step whose start was not written down: its limit and the executor's grace.
STEP_SECONDS = 5
SETTLE_SECONDS = 120
ENDING = threading.Event()  # somebody wants us to end

CONFIG = """agent: {{name: kill9, mode: auto, data_dir: ./var, listen: "127.0.0.1:{port}", runbook: runbook.yaml}}
hosts: [{{name: kill9, local: true, interval: 10s}}]
services:
  - name: shop_{{1..{services}}}
    host: kill9
    interval: 200ms
    check: {{pidfile: "{folder}/shop_{{n}}.pid"}}
    restart: "/bin/sh {folder}/restart shop_{{name}}"
channels: [{{name: founder, command: {{run: "tee -a {folder}/told.txt"}}}}]
limits:
  {{attempts: 100, attempts_reset: 1s, backoff_first: 200ms, backoff_most: 500ms, actions_per_hour: 10000, actions_per_day: 10000,
   group_share: 100%, mass_failure_least: 100, soak: 500ms, verify_timeout: 2s, step_timeout: {step}s}}
"""

RUNBOOK = """escalation:
  - {name: Worker crash loop, enabled: false}  # crashing again and again is what it is about
common_issues:
  - name: Shop is down
    symptoms: [up == false]
    auto_resolve:
      - {restart: "{service}", effect: EFFECT}
      - verify: check service
"""

# The line is appended in one write, so two of them never mix; the pause is where a kill may come.
RESTART = """echo "$OPS_STEP_KEY $1" >> {folder}/ledger
sleep 0.1
echo {pid} > {folder}/$1.new && mv {folder}/$1.new {folder}/$1.pid
"""


class World:
    def __init__(self, number, kills):
        self.folder = tempfile.mkdtemp(prefix="ops-agent-kill9.%d." % number)
        self.port = free_ports(1)[0]
        self.names = ["shop_%d" % n for n in range(1, SERVICES + 1)]
        self.ledger = os.path.join(self.folder, "ledger")
        self.chance = random.Random(SEED * 1000 + number)
        self.to_do = kills
        self.kills = collections.Counter()
        self.mended = 0
        self.trouble = ""
        self.verdicts = []
        self.summary = collections.Counter()
        config = self.write("ops-agent.yaml", CONFIG.format(port=self.port, folder=self.folder, services=SERVICES,
                                                            step=STEP_SECONDS))
        self.write("runbook.yaml", RUNBOOK.replace("EFFECT", os.environ.get("OPS_EFFECT", "idempotent")))
        self.write("restart", RESTART.format(folder=self.folder, pid=os.getpid()))
        self.write("ledger", "")
        for name in self.names:
            self.make_well(name)
        self.agent = Agent(config, self.port)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def make_well(self, name):
        os.rename(self.write(name + ".mended", "%d\n" % os.getpid()), os.path.join(self.folder, name + ".pid"))

    def is_well(self, name):
        return os.path.exists(os.path.join(self.folder, name + ".pid"))

    # Not while others are repaired: what gets worse meanwhile is rightly blamed on the repair, which ends it.
    def break_some(self):
        if any(one["state"] != "escalated" for one in self.open_incidents()):
            return
        for name in self.names:
            if self.chance.random() < 0.7:
                try:
                    os.unlink(os.path.join(self.folder, name + ".pid"))
                except FileNotFoundError:
                    pass

    # What was escalated is a person's to mend and to close, and then breaks again.
    def mend_escalated(self):
        for one in self.open_incidents():
            if one["state"] != "escalated":
                continue
            if not self.is_well(one["service"]):
                self.make_well(one["service"])
                self.mended += 1
            subprocess.run([self.agent.binary, "resolve", one["id"], "--note", "mended", "--config", self.agent.config],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def open_incidents(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/api/v1/incidents?state=open,awaiting_approval,resolving,verifying,escalated")
            return json.load(connection.getresponse())["incidents"]
        except (OSError, http.client.HTTPException):
            return []
        finally:
            connection.close()

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

    def kill_executor(self):
        executors = self.executors()
        if not executors:
            return False
        try:
            os.kill(executors[0], signal.SIGKILL)
            self.kills["executor"] += 1
        except ProcessLookupError:
            pass
        return True

    def kill_one(self):
        if ENDING.is_set():
            raise RuntimeError("ended by a signal")
        if self.agent.process.poll() is not None:
            raise RuntimeError("the core ended by itself with %d:\n%s" % (self.agent.process.returncode,
                                                                          self.agent.log_tail()))
        choice = self.chance.random()
        if choice < 0.45 and self.kill_executor():
            return
        if choice > 0.9:
            self.kill_executor()  # both at once
        self.agent.process.kill()
        self.agent.process.wait()
        self.kills["core"] += 1
        self.agent.start()
        self.agent.wait_ready()

    def live(self):
        try:
            self.run()
            self.verdicts = list(self.judge())
        except (RuntimeError, TimeoutError, subprocess.TimeoutExpired, OSError, ValueError) as problem:
            self.trouble = str(problem)
        finally:
            self.agent.stop()

    def run(self):
        self.agent.start()
        self.agent.wait_ready()
        time.sleep(1)
        while sum(self.kills.values()) < self.to_do:
            self.break_some()
            self.wait_a_moment()
            self.kill_one()
        # Unharmed from here on: all of it must come to an end.
        end = time.monotonic() + SETTLE_SECONDS
        calm = 0
        while time.monotonic() < end and calm < 3 and not ENDING.is_set():
            time.sleep(0.7)
            calm = 0 if self.unsettled() or self.down_and_not_told() else calm + 1

    def down_and_not_told(self):
        told = {one["service"] for one in self.agent.incidents() if one["state"] == "escalated"}
        return [name for name in self.names if name not in told and not self.is_well(name)]

    def wait_a_moment(self):
        """Mostly until a command began and a little more: before, in and after it; sometimes any moment."""
        if self.chance.random() < 0.3:
            time.sleep(self.chance.uniform(0.0, 1.0))
            return
        size = os.path.getsize(self.ledger)
        end = time.monotonic() + 4
        while os.path.getsize(self.ledger) == size:
            time.sleep(0.01)
            if time.monotonic() > end:
                return self.mend_escalated()
        time.sleep(self.chance.choice([0.0, 0.05, 0.1, 0.3, 1.0]) * self.chance.random())

    def unsettled(self):
        return [one for one in self.agent.incidents() if one["state"] not in ("resolved", "escalated")]

    def judge(self):
        with open(self.ledger) as file:
            keys = [line.split()[0] for line in file if line.split()]
        twice = [key for key, count in collections.Counter(keys).items() if count > 1]
        recorded = {one["id"] for one in self.agent.actions()}
        incidents = self.agent.incidents()
        audit = subprocess.run([self.agent.binary, "audit", "verify", "--config", self.agent.config],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.summary.update(commands=len(keys), actions=len(recorded), incidents=len(incidents), mended=self.mended)
        self.summary.update(one["state"] for one in incidents)
        yield "commands ran at all", [] if len(keys) >= self.to_do / 4 else ["only %d" % len(keys)]
        facts = {one["name"]: one for one in self.agent.ask("check")["services"]}
        yield "every service is up again, or escalated", ["%s: a fresh check says %s" % (name, facts[name])
                                                          for name in self.down_and_not_told()]
        yield "no step key ran twice", twice
        yield "every step that ran is among the actions", sorted(set(keys) - recorded)
        yield "every incident is resolved or escalated", ["%s %s %s %s" % (
            one["id"], one["service"], one["state"], one["reason"]) for one in self.unsettled()]
        yield "the journal's chain is whole", [] if audit.returncode == 0 else [audit.stdout.strip()]


def tell(worlds):
    """What is true of all worlds, one line each; how many are not."""
    kills, summary = collections.Counter(), collections.Counter()
    wrong = collections.OrderedDict()
    for world in worlds:
        kills.update(world.kills)
        summary.update(world.summary)
        for what, problems in world.verdicts:
            wrong.setdefault(what, []).extend("%s: %s" % (world.folder, one) for one in problems[:10])
    wrong["both core and executor were killed"] = [w for w in ("core", "executor") if KILLS > 9 and not kills[w]]
    wrong["every world came to its end"] = ["%s: %s" % (one.folder, one.trouble) for one in worlds if one.trouble]
    print("seed %d, %d worlds, killed: core %d times, executor %d times" % (SEED, len(worlds), kills["core"],
                                                                          kills["executor"]))
    print("%(commands)d commands ran, %(actions)d actions recorded, %(incidents)d incidents: %(resolved)d resolved, "
          "%(escalated)d escalated; %(mended)d were mended by a person" % collections.defaultdict(int, summary))
    for what, problems in wrong.items():
        print("%s %s" % ("ok  " if not problems else "FAIL", what))
        for one in problems[:20]:
            print("       " + one)
    return len(wrong), sum(bool(problems) for problems in wrong.values())


def main():
    worlds = [World(n, KILLS // WORLDS + (n < KILLS % WORLDS)) for n in range(WORLDS)]
    threads = [threading.Thread(target=world.live) for world in worlds]

    def end(number, _frame):
        ENDING.set()  # each world takes its agent with it
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total, failed = tell(worlds)
    for world in worlds:
        if world.trouble or any(problems for _, problems in world.verdicts) or os.environ.get("OPS_KEEP"):
            print("kept: " + world.folder)
        else:
            shutil.rmtree(world.folder, ignore_errors=True)
    print("%d passed, %d failed" % (total - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
