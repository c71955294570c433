#!/usr/bin/python3
"""Core, executor and prober as processes of their own, as systemd would start them: who can run what.

    apart.py OPS_AGENT

With both sockets given the core can start no program at all (the kernel says so), a check's command runs in the prober,
and a killed prober is an unknown check, not a dead service. Without sockets `run` starts what it needs: a prober only
when there is a program to run. A second copy in the same data folder ends at once and leaves the first one's hands
alone. A step that runs holds up no stop.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

results = []


def ok(what, holds, seconds=20.0):
    end = time.monotonic() + seconds
    good = holds()
    while not good and time.monotonic() < end:
        time.sleep(0.05)
        good = holds()
    results.append(bool(good))
    print(("ok   " if good else "FAIL ") + what, flush=True)


def seccomp_of(pid):
    with open("/proc/%d/status" % pid) as status:
        return next(line.split()[1] for line in status if line.startswith("Seccomp:"))


def children_of(pid):
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % name) as stat:
                parent = int(stat.read().rsplit(")", 1)[1].split()[1])
            with open("/proc/%s/cmdline" % name) as words:
                verb = words.read().split("\0")[1:2]
        except (OSError, ValueError):
            continue
        if parent == pid and verb:
            found[verb[0]] = int(name)
    return found


class Company:
    def __init__(self, agent, sockets, check, runbook="common_issues: []"):
        self.agent, self.folder, self.programs = agent, tempfile.mkdtemp(prefix="ops-agent-apart."), []
        lines = "".join("  %s_socket: %s/%s.sock\n" % (name, self.folder, name) for name in sockets)
        self.write("ops-agent.yaml", """agent:
  name: apart
  listen: 127.0.0.1:0
%s
hosts: [{name: here, local: true}]
services: [{name: web, host: here, check: %s, interval: 1s}]
channels: [{name: pager, command: {run: "tee -a %s/told"}}]
""" % (lines, check.replace("FOLDER", self.folder), self.folder))
        self.write("runbook.yaml", runbook.replace("FOLDER", self.folder) +
                   "\nescalation: [{name: Web, when: up == false, level: alert}]\n")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as file:
            file.write(text)

    def read(self, name):
        try:
            with open(os.path.join(self.folder, name)) as file:
                return file.read()
        except OSError:
            return ""

    def start(self, verb, *more):
        log = open(os.path.join(self.folder, verb + ".log"), "ab")
        program = subprocess.Popen([self.agent, verb, "--config", self.folder + "/ops-agent.yaml", *more],
                                   cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.programs.append(program)
        return program

    def serve(self, verb):
        return self.start(verb, "--socket", "%s/%s.sock" % (self.folder, verb))

    def service(self):
        port = self.read("run.log").rpartition("http://127.0.0.1:")[2].split("\n")[0].split()
        if not port:
            return {}
        try:
            with urllib.request.urlopen("http://127.0.0.1:%s/api/v1/health" % port[0], timeout=5) as reply:
                return json.load(reply)["services"][0]
        except (OSError, LookupError, ValueError):
            return {}

    def stop(self):
        if not all(results):
            for name in ("run.log", "executor.log", "prober.log"):
                print("".join("%s: %s\n" % (name, line) for line in self.read(name).splitlines()[-5:]), end="")
        for program in reversed(self.programs):
            program.terminate()
            try:
                program.wait(15)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def three_services(agent):
    company = Company(agent, ["executor", "prober"], "{command: test ! -e FOLDER/broken}")
    try:
        company.serve("executor")
        prober = company.serve("prober")
        core = company.start("run")
        ok("a check's command runs, in the prober", lambda: company.service().get("status") == "up")
        ok("the core can start no program", lambda: seccomp_of(core.pid) == "2", 0)
        ok("the prober can", lambda: seccomp_of(prober.pid) == "0", 0)
        ok("the core has no child", lambda: not children_of(core.pid), 0)
        prober.send_signal(signal.SIGKILL)
        prober.wait()
        ok("without a prober the check says so", lambda: "reach the prober" in str(company.service()))
        ok("and the service is not called dead", lambda: company.service().get("status") != "down", 0)
        prober = company.serve("prober")
        ok("a new prober is found", lambda: company.service().get("status") == "up")
        company.write("broken", "")
        ok("a failing command is a service that is down", lambda: company.service().get("status") == "down")
        ok("the alert is told by the channel's command", lambda: "web is down" in company.read("told"))
        began = time.monotonic()
        core.terminate()
        core.wait(15)
        ok("the core stops within 5 s", lambda: time.monotonic() - began < 5, 0)
    finally:
        company.stop()


def children_only(agent):
    company = Company(agent, [], "{command: test ! -e FOLDER/broken}")
    try:
        core = company.start("run")
        ok("without sockets the check's command runs too", lambda: company.service().get("status") == "up")
        children = children_of(core.pid)
        ok("in a child of its own", lambda: set(children) == {"executor", "prober"}, 0)
        if "prober" not in children:
            return
        os.kill(children["prober"], signal.SIGKILL)
        ok("which is started again when it dies",
           lambda: children_of(core.pid).get("prober", children["prober"]) != children["prober"])
        ok("and the check goes on", lambda: company.service().get("status") == "up")
        os.kill(core.pid, signal.SIGKILL)
        core.wait()
        ok("no child outlives a killed core", lambda: not any(os.path.exists("/proc/%d" % pid)
                                                              for pid in children_of(1).values() if pid in
                                                              children.values()))
    finally:
        company.stop()
    company = Company(agent, [], "{pidfile: FOLDER/our.pid}")
    company.write("our.pid", "%d\n" % os.getpid())
    try:
        core = company.start("run")
        ok("who has no program to run has no prober", lambda: set(children_of(core.pid)) == {"executor"}
           and company.service().get("status") == "up")
    finally:
        company.stop()


def second_copy(agent):
    company = Company(agent, [], "{pidfile: FOLDER/our.pid}")
    company.write("our.pid", "%d\n" % os.getpid())
    try:
        core = company.start("run")
        ok("the first copy watches", lambda: company.service().get("status") == "up")
        def sockets():
            return {name: os.stat(os.path.join(company.folder, "var", name)).st_ino
                    for name in ("executor.sock",)}
        before, children = sockets(), children_of(core.pid)
        second = subprocess.run([agent, "run", "--config", company.folder + "/ops-agent.yaml"], cwd=company.folder,
                                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        ok("a second copy in the same data folder ends with 1", lambda: second.returncode == 1, 0)
        ok("and says why", lambda: "another ops-agent is using it" in second.stderr, 0)
        ok("it took nothing from the first one", lambda: sockets() == before
           and children_of(core.pid) == children, 0)
    finally:
        company.stop()


SLOW = """common_issues:
  - name: slow
    symptoms: [service == "web", up == false]
    auto_resolve: [{command: FOLDER/slow}]
"""


def step_under_way(agent):
    company = Company(agent, ["executor"], "{command: test ! -e FOLDER/broken}", SLOW)
    company.write("slow", "#!/bin/sh\ncd %s\necho ran >> ran\nuntil test -e go; do sleep 0.1; done\nrm broken\n"
                  % company.folder)
    os.chmod(os.path.join(company.folder, "slow"), 0o755)
    company.write("broken", "")
    try:
        company.serve("executor")
        core = company.start("run")
        ok("a step runs", lambda: company.read("ran"))
        core.terminate()
        try:
            ended = core.wait(5)
        except subprocess.TimeoutExpired:
            ended = None
        ok("the core stops within 5 s all the same, and well", lambda: ended == 0, 0)
        if ended is None:
            return
        company.write("run.log", "")
        company.start("run")
        ok("the next one watches", lambda: company.service().get("status") == "down")
        company.write("go", "")
        ok("the step is seen through", lambda: company.service().get("status") == "up")
        ok("and ran once", lambda: company.read("ran") == "ran\n", 0)
    finally:
        company.write("go", "")
        company.stop()


def main():
    agent = os.path.abspath(sys.argv[1])
    three_services(agent)
    children_only(agent)
    second_copy(agent)
    step_under_way(agent)
    print("%d passed, %d failed" % (results.count(True), results.count(False)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
