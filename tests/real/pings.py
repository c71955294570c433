"""Pings as Healthchecks takes them, sent by the real curl."""
import subprocess

from stage import RunningAgent, free_port, peer, wait_for


def pings(stage):
    if not peer("curl"):
        return False
    stage.write("runbook.yaml", "common_issues: []\n")
    agent = RunningAgent(stage, """
services:
  - {name: late, heartbeat: {every: 1s, grace: 1s}}
  - {name: job, heartbeat: {every: 1h, grace: 1h}}
  - {name: slow, heartbeat: {every: 1h, grace: 1s}}
  - {name: web, check: {tcp: "127.0.0.1:%d"}}
limits: {mass_failure_least: 100}
""" % free_port())

    def ping(path, *words):
        """The status and the body."""
        done = subprocess.run([peer("curl"), "-sS", "-m", "5", "-w", "\\n%{http_code}", *words,
                               "http://127.0.0.1:%d/ping/%s" % (agent.port, path)], stdout=subprocess.PIPE, text=True,
                              check=True, stdin=subprocess.DEVNULL)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def taken(why, path, *words):
        stage.holds("%s: curl %s /ping/%s" % (why, ascii(" ".join(words[:3])[:30])[1:-1], path), ping(path, *words)[0] == 200)

    def becomes(why, name, status, reason=""):
        seen = {}

        def so():
            seen.update(agent.service(name))
            return seen["status"] == status and reason in (seen["reason"] or "")

        try:
            wait_for(why, so, 10)
            stage.say(why, [])
        except TimeoutError:
            stage.say(why, ["it is %s, '%s'" % (seen["status"], seen["reason"])])

    def is_over(why, name):
        wait_for(why, lambda: agent.incidents(service=name) and not [
            one for one in agent.incidents(service=name) if one["state"] != "resolved"], 10)
        stage.holds(why, all(one["resolved_by"] == "self" for one in agent.incidents(service=name)), agent.incidents())

    becomes("nothing is known before the first", "job", "unknown", "no heartbeat yet")
    taken("only noted", "job/log", "-d", "hello")
    becomes("which is no sign of life", "job", "unknown", "no heartbeat yet")
    taken("done", "job")
    becomes("it lives", "job", "up")
    for why, words in (("posted", ["-X", "POST"]), ("head", ["-I"]), ("with a body", ["-d", "all well"]),
                       ("with bytes that are no text", ["--data-binary", "\udc80\udcff"])):
        taken(why, "job", *words)
    taken("with a large body", "job", "-d", "x" * 90000)
    becomes("it still lives", "job", "up")

    taken("failed, with words", "job/fail", "-d", "no space\nleft on device\033[2J")
    becomes("it is down, and says why", "job", "down", "it told of a failure: no space left on device")
    wait_for("an incident", lambda: agent.incidents(service="job", state="open") or
             agent.incidents(service="job", state="escalated"))
    taken("only noted", "job/log", "-d", "still trying")
    becomes("which mends nothing", "job", "down", "no space")
    taken("exit 0", "job/0")
    becomes("it is well again", "job", "up")
    is_over("its incident is over by itself", "job")
    taken("exit 3", "job/3", "-d", "three")
    becomes("it is down", "job", "down", "it told of exit 3: three")
    taken("done", "job")
    becomes("it is well again", "job", "up")
    taken("a start", "job/start")
    taken("and an end", "job")
    stage.holds("how long it took", 0 <= agent.service("job")["facts"].get("heartbeat_duration", -1) < 5,
                agent.service("job")["facts"])

    taken("it runs", "slow/start")
    becomes("it has not ended in its time", "slow", "down", "has not ended")
    taken("it ended", "slow")
    becomes("it is well", "slow", "up")

    becomes("a first ping that never came", "late", "down", "since watching began")
    taken("one comes", "late")
    becomes("it is well", "late", "up")
    is_over("its incident is over by itself", "late")
    becomes("the next one does not come", "late", "down", "no heartbeat for")
    wait_for("a second incident", lambda: len(agent.incidents(service="late")) >= 2, 10)

    for why, path, status in (("nobody of that name", "nobody", 404), ("no such word", "job/maybe", 404),
                              ("no exit status", "job/256", 404), ("a service without heartbeat", "web", 409)):
        stage.holds(why, ping(path)[0] == status, ping(path))
