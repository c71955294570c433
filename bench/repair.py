"""How long a repair takes: from the breaking of a service until it answers again, by ops-agent and by monit.

    repair.py [ROUNDS] [ops-agent|monit ...]     default: 10, both

Interval and time-out 1 s. Killed with SIGKILL (seen by its pid file), answering 500, and not answering. The service
is bench_service, which starts within a few milliseconds, so that the number is the watcher's. Each is broken at a
random moment between two looks. Prints median and max in milliseconds.
"""
import http.client
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import time

from programs import Bench, built, free_port, peer

SERVICE = "web"


class Service:
    def __init__(self, bench):
        self.folder, self.port, self.program = bench.folder, free_port(), built("bench_service")
        self.pid_file = os.path.join(self.folder, SERVICE + ".pid")

    def command(self, word):
        return [self.program, word, self.folder, SERVICE, str(self.port)]

    def run(self, word):
        subprocess.run(self.command(word), check=True, stdin=subprocess.DEVNULL)

    def pid(self):
        try:
            with open(self.pid_file) as file:
                return int(file.read())
        except (OSError, ValueError):
            return 0

    def ask(self, method="GET", path="/health"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        try:
            connection.request(method, path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


class AgentRepairs:
    name = "ops-agent"

    def __init__(self, bench, service):
        self.bench, self.port = bench, free_port()
        bench.write("runbook.yaml", "common_issues: []\n"
                    "escalation: [{name: Worker crash loop, enabled: false}]  # crashing often is what is wanted here\n")
        self.config = bench.write("ops-agent.yaml", """agent: {{name: bench, mode: auto, data_dir: ./var, listen: "127.0.0.1:{port}", runbook: runbook.yaml}}
hosts: [{{name: bench, local: true}}]
services:
  - name: {name}
    host: bench
    interval: 1s
    timeout: 1s
    check: [{{http: "http://127.0.0.1:{at}/health"}}, {{pidfile: "{pid}"}}]
    restart: "{restart}"
limits: {{attempts: 100, attempts_reset: 1s, backoff_first: 1s, backoff_most: 1s, actions_per_hour: 10000,
         actions_per_day: 10000, group_share: 100%, mass_failure_least: 100, soak: 500ms, verify_timeout: 15s}}
""".format(port=self.port, name=SERVICE, at=service.port, pid=service.pid_file,
           restart=" ".join(service.command("start"))))

    def start(self):
        self.program = self.bench.start(built("ops-agent"), "run", "--config", self.config)

    def settle(self):
        """Waits until every incident has ended."""
        end = time.monotonic() + 40
        while time.monotonic() < end:
            self.program.check()
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
                connection.request("GET", "/api/v1/health")
                health = json.loads(connection.getresponse().read())
                if health["open_incidents"] == 0 and health["status"] == "ok":
                    return
            except (OSError, ValueError):
                pass
            time.sleep(0.1)
        raise TimeoutError("an incident did not end: %s" % self.explain())

    def explain(self):
        done = subprocess.run([built("ops-agent"), "incidents", "--config", self.config], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.stdout

    def log_tail(self, lines=60):
        with open(self.program.log, errors="replace") as file:
            return "".join(file.readlines()[-lines:])


class MonitRepairs:
    name = "monit"

    def __init__(self, bench, service):
        self.bench = bench
        self.config = bench.write("monitrc", """set daemon 1
set log {folder}/monit.log
set pidfile {folder}/monit.pid
set idfile {folder}/monit.id
set statefile {folder}/monit.state
check process {name} with pidfile {pid}
  start program = "{start}" with timeout 5 seconds
  stop program = "{stop}" with timeout 5 seconds
  if failed host 127.0.0.1 port {port} protocol http request "/health" with timeout 1 seconds then restart
""".format(folder=bench.folder, name=SERVICE, pid=service.pid_file, port=service.port,
           start=" ".join(service.command("start")), stop=" ".join(service.command("stop"))))

    def start(self):
        self.program = self.bench.start(peer("monit"), "-I", "-c", self.config)
        time.sleep(2)

    def settle(self):
        self.program.check()
        time.sleep(2.5)  # two of its cycles

    def log_tail(self):
        return ""


def answers_again(service, old_pid, start):
    """Seconds until a new process answers 200. The old one is not asked: hanging, it would hold us up."""
    while time.monotonic() < start + 30:
        if service.pid() not in (0, old_pid) and service.ask() == 200:
            return time.monotonic() - start
        time.sleep(0.002)
    raise TimeoutError("'%s' was not repaired within 30 s" % SERVICE)


def break_it(service, how, pid):
    if how == "kill":
        os.kill(pid, signal.SIGKILL)
    elif service.ask("POST", "/break/" + how) != 200:
        raise RuntimeError("the service could not be broken")


def spread_moments(rounds):
    """Parts of a second, evenly spread from a random one on and mixed: looks come each second at a moment of their own, so
    that every distance from the next one counts alike, which as many moments by chance would not give."""
    first = random.random()
    moments = [(first + number / rounds) % 1 for number in range(rounds)]
    random.shuffle(moments)
    return moments


def wait_for(moment):
    """Until the clock's part of a second is this."""
    time.sleep((moment - time.monotonic()) % 1)


def run_repairs(kind, rounds, hows=("kill", "500", "hang"), slow_ms=None):
    """{how: [milliseconds]}; `slow_ms`: the watcher's log is shown for one that took longer."""
    with Bench() as bench:
        service = Service(bench)
        watcher = kind(bench, service)
        taken = {how: [] for how in hows}
        try:
            service.run("start")
            watcher.start()
            for how in hows:
                for moment in spread_moments(rounds):
                    watcher.settle()
                    time.sleep(1)  # so that the look before found it well: it does not break while it is repaired
                    wait_for(moment)
                    pid = service.pid()
                    start = time.monotonic()
                    break_it(service, how, pid)
                    took = answers_again(service, pid, start) * 1000
                    taken[how].append(took)
                    if slow_ms and took > slow_ms:
                        print("%s: %.0f ms; the log of %s:\n%s" % (how, took, watcher.name, watcher.log_tail()))
            watcher.program.stop()  # before the service, or it would be repaired once more
        finally:
            watcher.program.stop()
            service.run("stop")
        return taken


WORDS = {"kill": "kill -9 -> answers again", "500": "HTTP 500 -> repaired", "hang": "no answer -> repaired"}


def main():
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that all is ended
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    wanted = sys.argv[2:] or ["ops-agent", "monit"]
    for kind in (AgentRepairs, MonitRepairs):
        if kind.name not in wanted or (kind is MonitRepairs and not peer("monit")):
            continue
        slow = float(os.environ.get("OPS_SLOW_MS", "0")) or None
        for how, taken in run_repairs(kind, rounds, slow_ms=slow).items():
            print("%-10s %-26s median %6.0f ms   max %6.0f ms   over %d" % (
                kind.name, WORDS[how], statistics.median(taken), max(taken), len(taken)), flush=True)


if __name__ == "__main__":
    main()
