"""Breaks the demo company and tells how the agent repairs it. See demo.sh."""
import argparse
import datetime
import os
import signal
import sys
import time

from company import Company, http_status

REPAIR_WITHIN = 60  # seconds, from the breaking to the proof


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def break_worker(number, number_of_signal):
    def deed(company):
        os.kill(company.worker_pids()["worker_%d" % number], number_of_signal)

    return deed


def break_service(name, mode):
    return lambda company: company.misbehave(name, mode)


def kill_service(name):
    return lambda company: os.kill(company.pid_of(name), signal.SIGKILL)


def fill_disk(company):
    """To 93 %: above what the runbook repairs, below the 95 % of which people are told by default."""
    room = os.statvfs(company.data)
    used = room.f_blocks - room.f_bfree
    wanted = int(0.93 * (used + room.f_bavail)) - used
    with open(os.path.join(company.data, "cache.bin"), "wb") as file:
        file.write(b"x" * (wanted * room.f_frsize))


BREAKAGES = [
    ("worker_3 is killed", "worker_3", break_worker(3, signal.SIGKILL)),
    ("worker_5 is stopped (SIGSTOP)", "worker_5", break_worker(5, signal.SIGSTOP)),
    ("grafana is killed", "grafana", kill_service("grafana")),
    ("brain-api answers 500", "brain-api", break_service("brain-api", "500")),
    ("litellm hangs", "litellm", break_service("litellm", "hang")),
    ("brain-api eats memory", "brain-api", break_service("brain-api", "eat")),
    ("the disk fills up", "demo", fill_disk),
    ("litellm floods its log", "litellm", break_service("litellm", "flood")),
]


def since(start, text):
    return "%.1f s" % (seconds_of(text) - start)


def quiet_again(company):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if all(one["state"] == "resolved" for one in company.agent.incidents()):
            return
        time.sleep(0.3)


def run_one(company, title, target, deed):
    """Breaks one thing; True when it was repaired, verified and nobody was told."""
    if target == "demo" and not company.data:
        print("%-32s skipped: a loop device could not be mounted here" % title, flush=True)
        return True
    known = {one["id"] for one in company.agent.incidents()}
    told_before = len(company.told_lines())
    start = time.time()
    deed(company)
    new = []
    while time.time() < start + REPAIR_WITHIN:
        new = [one for one in company.agent.incidents() if one["id"] not in known]
        if new and all(one["state"] in ("resolved", "escalated") for one in new):
            break
        time.sleep(0.2)
    return report(company, title, target, start, new, told_before)


def report(company, title, target, start, new, told_before):
    mine = [one for one in new if one["service"] == target]
    if not mine:
        print("%-32s NOT DETECTED within %d s" % (title, REPAIR_WITHIN), flush=True)
        return False
    one = mine[-1]
    actions = [a for a in company.agent.actions("--service", target) if a["incident"] == one["id"]]
    done = [a for a in actions if a["state"] == "verified"]
    told = len(company.told_lines()) - told_before
    good = one["state"] == "resolved" and one["resolved_by"] == "auto" and bool(done) and told == 0 and len(new) == 1
    parts = ["detected after " + since(start, one["opened_at"])]
    if done:
        parts.append("repaired after " + since(start, max(a["ended_at"] for a in done)))
    if one["state"] == "resolved":
        parts.append("verified after " + since(start, one["resolved_at"]))
    else:
        parts.append("state " + one["state"])
    parts.append("nobody told" if told == 0 else "TOLD %d lines" % told)
    print("%-32s %s%s" % (title, ", ".join(parts), "" if good else "   <-- not as it should be"), flush=True)
    if not good:
        for each in new:
            print("    %s %s: %s by %s, %s" % (each["id"], each["service"], each["state"], each["resolved_by"],
                                               each["reason"]), flush=True)
        for each in actions:
            print("    action %s %s exit %s: %s" % (each["id"], each["state"], each["exit"], each["reason"]), flush=True)
    return good


def alerts_of(company, target):
    return [one for one in company.agent.ask("alerts", "--service", target, "--limit", "999")["alerts"]]


def run_unrepairable(company):
    """Prometheus stays broken whatever is done: attempted, then told, exactly once."""
    target, title = "prometheus", "prometheus cannot be repaired"
    marker = os.path.join(company.folder, target + ".broken")
    before = {one["key"] for one in alerts_of(company, target)}
    start = time.time()
    with open(marker, "w"):
        pass
    while time.time() < start + 120 and not any(
            one["state"] == "escalated" for one in company.agent.incidents("--service", target)):
        time.sleep(0.3)
    time.sleep(5)  # a second message would come now
    incident = company.agent.incidents("--service", target)[0]
    told = [one for one in alerts_of(company, target) if one["key"] not in before]
    good = incident["state"] == "escalated" and len(told) == 1 and incident["attempts"] == 2
    print("%-32s %s after %d attempts, told %d time(s)%s" % (
        title, incident["state"], incident["attempts"], len(told), "" if good else "   <-- not as it should be"),
          flush=True)
    for line in company.told_lines()[-12:]:
        print("    | " + line)
    os.remove(marker)
    while time.time() < start + 180 and http_status(company.ports[target]) != 200:
        time.sleep(0.2)
    return good


def main():
    parser = argparse.ArgumentParser(prog="demo.sh", description="A small company that breaks, and is repaired.")
    parser.add_argument("--once", action="store_true", help="each breakage once; 0 only when each was repaired")
    parser.add_argument("--only", help="only breakages whose title holds this")
    options = parser.parse_args()
    chosen = [one for one in BREAKAGES if not options.only or options.only in one[0]]

    def end(number, _frame):
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, end)
    company = Company()
    good = True
    try:
        company.start()
        print("company in %s, agent at http://127.0.0.1:%d (log: agent.log there)" % (company.folder, company.agent_port))
        time.sleep(2)
        while True:
            for title, target, deed in chosen:
                good = run_one(company, title, target, deed) and good
                quiet_again(company)
            if not options.only or options.only in "prometheus cannot be repaired":
                good = run_unrepairable(company) and good
                quiet_again(company)
            if options.once:
                break
    except KeyboardInterrupt:
        good = options.once is False
    except (RuntimeError, TimeoutError) as problem:
        print("demo: %s" % problem, file=sys.stderr)
        good = False
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        company.stop()
    print("all repaired and verified" if good else "not all was repaired and verified")
    return 0 if good else 1


sys.exit(main())
