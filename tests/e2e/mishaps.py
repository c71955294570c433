#!/usr/bin/python3
"""What happens to a machine that runs us: the data folder goes away while the agent is paused, the agent listens on
another address than the usual one, a stranger has its port, all
of our processes are sent SIGHUP, a full disk left empty secrets,
what it needs to start is not there.

    mishaps.py OPS_AGENT
"""
import concurrent.futures
import functools
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

from apart import Company, ok, results

TOUCH = """common_issues:
  - name: touch
    symptoms: [service == "web", up == false]
    auto_resolve: [{command: touch FOLDER/mended}]
"""


def address_of(company):
    return company.read("run.log").rpartition("; http://")[2].split("\n")[0]


def tell(company, *words):
    """A verb of the command line, told where the agent really listens."""
    company.write("there.yaml", re.sub("listen: .*", "listen: " + address_of(company), company.read("ops-agent.yaml")))
    return subprocess.run([company.agent, *words, "--config", company.folder + "/there.yaml"], cwd=company.folder,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=60)


def log_of(company):
    return company.read("run.log")


def paused_company(agent, sockets):
    company = Company(agent, sockets, "{command: test ! -e FOLDER/broken}", TOUCH)
    for name in sockets:
        company.serve(name)
    company.start("run")
    ok("the agent watches", lambda: company.service().get("status") == "up")
    ok("it is paused", lambda: tell(company, "pause").returncode == 0
       and os.path.exists(company.folder + "/var/pause"), 0)
    return company


def folder_gone(agent, sockets, instead):
    what = "empty" if instead else "gone"
    company = paused_company(agent, sockets)
    var = company.folder + "/var"
    try:
        os.rename(var, var + ".away")
        if instead:
            os.mkdir(var, 0o700)
        company.write("broken", "")
        ok("a data folder that is %s is told" % what, lambda: "does not act" in company.read("told"))
        ok("the log says that the records are gone", lambda: "state.db" in log_of(company), 0)
        ok("and again when it tries to start", lambda: "is gone, though" in log_of(company), 20)
        ok("nothing was begun anew in its place", lambda: not os.path.exists(var + "/state.db")
           and (instead or not os.path.exists(var)), 0)
        shutil.rmtree(var, ignore_errors=True)
        os.rename(var + ".away", var)
        ok("put back, the agent watches again", lambda: company.service().get("status") == "down", 40)
        ok("and is paused still", lambda: os.path.exists(var + "/pause"), 0)
        ok("nothing was done", lambda: not os.path.exists(company.folder + "/mended"), 0)
    finally:
        company.stop()


def another_address(agent):
    company = Company(agent, [], "{pidfile: FOLDER/our.pid}")
    company.write("our.pid", "%d\n" % os.getpid())
    company.write("ops-agent.yaml", company.read("ops-agent.yaml").replace("127.0.0.1:0", "127.0.0.5:0").replace(
        "interval: 1s", "interval: 1s, heartbeat: {every: 1m, grace: 1m}"))
    try:
        company.start("run")
        ok("the log names the address it listens on", lambda: address_of(company).startswith("127.0.0.5:"))
        beat = urllib.request.Request("http://%s/api/v1/heartbeat/web" % address_of(company), data=b"{}", method="POST")
        try:
            answer = urllib.request.urlopen(beat, timeout=10).status
        except urllib.error.HTTPError as refused:
            answer = refused.code
        ok("a heartbeat to that address is taken", lambda: answer == 200, 0)
        ok("the command line can pause it", lambda: tell(company, "pause").returncode == 0, 0)
    finally:
        company.stop()


SLOW = """common_issues:
  - name: slow
    symptoms: [service == "web", up == false]
    auto_resolve: [{command: FOLDER/slow}]
"""


def reload_of_all(agent):
    company = Company(agent, ["executor", "prober"], "{command: test ! -e FOLDER/broken}", SLOW)
    company.write("slow", "#!/bin/sh\ncd %s\necho ran >> ran\nuntil test -e go; do sleep 0.1; done\nrm broken\n"
                  % company.folder)
    os.chmod(os.path.join(company.folder, "slow"), 0o755)
    company.write("broken", "")
    try:
        programs = [company.serve("executor"), company.serve("prober"), company.start("run")]
        ok("a step runs", lambda: company.read("ran"))
        for program in programs:
            program.send_signal(signal.SIGHUP)
        ok("the core reloads", lambda: "reload" in log_of(company), 5)
        company.write("go", "")
        ok("a step under way is seen through", lambda: company.service().get("status") == "up", 60)
        ok("nobody ended", lambda: [one.poll() for one in programs] == [None] * 3, 0)
        actions = json.loads(tell(company, "actions", "--json").stdout)["actions"]
        ok("its outcome is known", lambda: [one["exit"] for one in actions] == [0], 0)
    finally:
        company.write("go", "")
        company.stop()


def empty_secrets(agent):
    company = Company(agent, [], "{pidfile: FOLDER/our.pid}")
    company.write("our.pid", "%d\n" % os.getpid())
    os.mkdir(company.folder + "/var")
    for name in ("api.token", "press.key"):
        company.write("var/" + name, "")
    try:
        company.start("run")
        ok("with an empty token the agent watches", lambda: company.service().get("status") == "up")
        ok("secrets that a full disk left empty are made anew",
           lambda: [len(company.read("var/" + name)) for name in ("api.token", "press.key")] == [33, 65], 0)
        ok("and the command line can pause", lambda: tell(company, "pause").returncode == 0, 0)
    finally:
        company.stop()


def cannot_start(agent, what, spoil, mend, said):
    company = Company(agent, [], "{pidfile: FOLDER/our.pid}")
    company.write("our.pid", "%d\n" % os.getpid())
    try:
        spoiled = spoil(company)
        core = company.start("run")
        ok("%s is told" % what, lambda: "cannot start and does not act" in company.read("told"))
        ok("and why", lambda: said in company.read("told"), 0)
        ok("it is tried again", lambda: company.read("run.log").count("starting again") > 1)
        ok("and told once", lambda: company.read("told").count("cannot start") == 1 and core.poll() is None, 0)
        mend(company, spoiled)
        ok("when that is mended, the agent watches", lambda: company.service().get("status") == "up", 40)
        ok("which is told", lambda: "has started and acts" in company.read("told"))
        core.terminate()
        ok("it stops well", lambda: core.wait(10) == 0, 0)
    finally:
        company.stop()


def take_port(company):
    taken = socket.create_server(("127.0.0.1", 0))
    company.write("ops-agent.yaml", company.read("ops-agent.yaml").replace(
        "127.0.0.1:0", "127.0.0.1:%d" % taken.getsockname()[1]))
    return taken


def no_secret(company):
    company.write("ops-agent.yaml", company.read("ops-agent.yaml").replace(
        "  name: apart\n", "  name: apart\n  push_token_file: push\n"))
    company.write("push", "token\n")
    os.mkdir(company.folder + "/var")
    os.mkdir(company.folder + "/var/press.key")  # as little readable as one of another user, for root as well


def no_folder(company):
    company.write("var", "a file\n")


def starts_that_fail(agent):
    cannot_start(agent, "a port that is taken", take_port, lambda _company, taken: taken.close(),
                 "another program listens there")
    cannot_start(agent, "a secret that cannot be read", no_secret,
                 lambda company, _: os.rmdir(company.folder + "/var/press.key"), "press.key")
    cannot_start(agent, "a data folder that cannot be made", no_folder,
                 lambda company, _: os.unlink(company.folder + "/var"), "make folder")


class Stranger(http.server.BaseHTTPRequestHandler):
    heard, answer = [], b""

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        Stranger.heard.append("%s %s %s" % (self.requestline, self.headers, body))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(Stranger.answer)

    do_POST = do_GET

    def log_message(self, *_words):
        pass


def stranger_on_the_port(agent):
    company = Company(agent, [], "{pidfile: FOLDER/our.pid}")
    company.write("our.pid", "%d\n" % os.getpid())
    with http.server.HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        os.mkdir(company.folder + "/var")
        company.write("var/api.token", "0123456789abcdef0123456789abcdef\n")
        company.write("run.log", "; http://127.0.0.1:%d\n" % server.server_port)
        for answer in (b"<html>", b"{}", b'{"paused": true, "proof": "0"}', b"[]"):
            Stranger.answer = answer
            for words in (["pause"], ["ack", "inc-1"], ["silence", "web", "5m"], ["incidents"]):
                said = tell(company, *words)
                ok("%s is not done by a stranger who says %s" % (words[0], answer.decode()),
                   lambda: said.returncode == 3 and "is not the agent" in said.stdout, 0)
        ok("who is told nothing", lambda: Stranger.heard and not any(
            "Bearer" in one or "0123456789abcdef0123456789abcdef" in one or "POST" in one
            for one in Stranger.heard), 0)
        server.shutdown()
    company.write("run.log", "")
    company.start("run")
    ok("the agent itself is known", lambda: "http://" in company.read("run.log")
       and tell(company, "pause").returncode == 0)
    company.stop()


def main():
    agent = os.path.abspath(sys.argv[1])
    mishaps = [functools.partial(folder_gone, agent, sockets, instead)
               for sockets in ([], ["executor", "prober"]) for instead in (False, True)]
    mishaps += [functools.partial(one, agent) for one in (
        another_address, stranger_on_the_port, reload_of_all, empty_secrets, starts_that_fail)]
    with concurrent.futures.ThreadPoolExecutor(5) as threads:  # they mostly wait
        for one in [threads.submit(mishap) for mishap in mishaps]:
            one.result()
    print("%d passed, %d failed" % (results.count(True), results.count(False)))
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
