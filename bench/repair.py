"""How long a repair takes: from the breaking of a service until it answers again, interval 1 s.

    repair.py [ROUNDS]     default: 10

Over the services of the demo: kill -9 of a process (pidfile check), HTTP 500, and no answer (time-out 1 s). The
restart command itself, a Python start, is part of each number. Prints median and max in milliseconds.
"""
import os
import random
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../demo"))
from company import Company, http_status  # noqa: E402


def settle(company):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if all(one["state"] == "resolved" for one in company.agent.incidents()):
            return
        time.sleep(0.3)
    raise TimeoutError("an incident did not end: %s" % company.agent.incidents()[0])


def answers_again(company, name, old_pid, start):
    """A new process answers 200; only such a one is asked, as a hanging one would hold us up."""
    while time.monotonic() < start + 30:
        try:
            pid = company.pid_of(name)
        except (OSError, ValueError):
            pid = old_pid
        if pid != old_pid and http_status(company.ports[name]) == 200:
            return time.monotonic() - start
        time.sleep(0.002)
    raise TimeoutError("'%s' was not repaired within 30 s" % name)


def rounds(company, what, deed, name, count):
    taken = []
    for _ in range(count):
        settle(company)
        time.sleep(random.uniform(0.0, 1.0))  # any moment between two looks
        old_pid = company.pid_of(name)
        deed(name, old_pid)
        taken.append(answers_again(company, name, old_pid, time.monotonic()) * 1000)
    print("%-34s median %6.0f ms   max %6.0f ms   over %d" % (what, statistics.median(taken), max(taken), count),
          flush=True)


def main():
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that all is ended
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    company = Company(attempts=100, soak="500ms")  # breaking again and again is wanted here
    try:
        company.start()
        start = time.monotonic()
        company.service("restart", "grafana")
        print("%-34s        %6.0f ms" % ("the restart command alone", (time.monotonic() - start) * 1000))
        time.sleep(3)
        rounds(company, "kill -9 -> answers again", lambda _, pid: os.kill(pid, signal.SIGKILL), "grafana", count)
        rounds(company, "HTTP 500 -> repaired", lambda name, _: company.misbehave(name, "500"), "brain-api", count)
        rounds(company, "no answer -> repaired", lambda name, _: company.misbehave(name, "hang"), "litellm", count)
    finally:
        company.stop()


main()
