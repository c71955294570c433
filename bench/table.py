"""The table "how fast and how small", measured: the whole agent beside its peers, in one run on this machine.

    table.py [quick|full] [ROW ...]     rows: load rate hanging repair journal size start
"""
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import loads
import repair
from programs import built, peer
from watchers import Agent, Connections, Monit, Prometheus

NOTHING = "-"


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, goal, measured, peers):
        self.rows.append((what, goal, measured, peers))
        print("   %s: %s (goal %s; %s)" % (what, measured, goal, peers), flush=True)

    def print(self):
        rows = [("", "goal", "ops-agent", "peers, same run")] + self.rows
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        for at, row in enumerate(rows):
            print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
            if at == 0:
                print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def say(text):
    print("== " + text, flush=True)


def milliseconds(seconds):
    if seconds != seconds:  # nan
        return "none seen"
    return "%.0f ms" % (seconds * 1000) if seconds < 10 else "%.1f s" % seconds


def measured(kinds, *words, **options):
    """{kind: result} of those that are there; one that fails says why and is left out."""
    results = {}
    for kind in kinds:
        missing = kind.missing()
        if missing:
            say("%s is left out: no program '%s'" % (kind.name, missing))
            continue
        try:
            results[kind] = loads.run_load(kind, *words, **options)
        except (OSError, RuntimeError) as error:
            say("%s: %s" % (kind.name, error))
    return results


def of_peers(results, text):
    return "; ".join("%s %s" % (kind.name.split()[0], text(one)) for kind, one in results.items()
                     if kind is not Agent) or NOTHING


def row_load(table, quick):
    seconds = 20 if quick else 60
    say("10,000 checks every 10 s, %d s after the first round" % seconds)
    results = measured([Agent, Connections, Monit, Prometheus], 10_000, 10, seconds)
    us, floor = results[Agent], results.pop(Connections, None)
    what = "10,000 HTTP checks / 10 s: "
    table.add(what + "CPU s per 1,000 checks", "<= 0.05", "%.3f" % us.cpu_per_1000,
              of_peers(results, lambda one: "%.3f" % one.cpu_per_1000) +
              ("; bare connections %.3f" % floor.cpu_per_1000 if floor else ""))
    table.add(what + "p99 off schedule", "<= 10 ms",
              "%s (own record: <= %s)" % (milliseconds(us.p99), milliseconds(us.own_p99) if us.own_p99 is not None else NOTHING),
              of_peers(results, lambda one: milliseconds(one.p99)))
    table.add(what + "resident memory", "<= 40 MB", "%.0f MB" % us.resident,
              of_peers(results, lambda one: "%.0f MB" % one.resident))
    table.add("10,000 checks: checks a second", "1000", "%.0f" % us.rate, of_peers(results, lambda one: "%.0f" % one.rate))
    table.add("10,000 first checks: first, last, fullest tenth / even", "within 10 s, 1.0", spread(us.first),
              of_peers(results, lambda one: spread(one.first)))


def spread(first):
    if not first:
        return NOTHING
    return "%s, %s, %.1f (%d begun)" % (milliseconds(first[0]), milliseconds(first[-1]), loads.unevenness(first), len(first))


def row_rate(table, quick):
    seconds = 5 if quick else 15
    say("5,000 checks every 1 s, %d s" % seconds)
    kinds = [Agent, Monit] if quick else [Agent, Monit, Prometheus]
    results = measured(kinds, 5_000, 1, seconds, warm_up=4)
    us = results[Agent]
    table.add("5,000 checks / 1 s: achieved", "5000/s", "%.0f/s, p99 off %s" % (us.rate, milliseconds(us.p99)),
              of_peers(results, lambda one: "%.0f/s" % one.rate))


def row_hanging(table, quick):
    seconds = 20 if quick else 70
    say("1,000 checks every 10 s, then 10 of them hanging, %d s" % seconds)
    calm = measured([Agent], 1_000, 10, seconds)[Agent]
    results = measured([Agent] if quick else [Agent, Monit, Prometheus], 1_000, 10, seconds, hanging=10)
    us = results[Agent]
    table.add("10 of 1,000 hang 5 s: p99 of the others off schedule", "unchanged",
              "%s (none hanging: %s), CPU %.3f" % (milliseconds(us.p99), milliseconds(calm.p99), us.cpu_per_1000),
              of_peers(results, lambda one: "%s, CPU %.3f" % (milliseconds(one.p99), one.cpu_per_1000)))


def row_repair(table, quick):
    rounds = 3 if quick else 20
    say("repairs, interval 1 s, %d rounds each" % rounds)
    ours = repair.run_repairs(repair.AgentRepairs, rounds)
    theirs = repair.run_repairs(repair.MonitRepairs, rounds) if peer("monit") else {}
    goals = {"kill": "<= 100 / 300 ms", "500": "<= 600 ms", "hang": "<= 1600 ms"}
    both = lambda taken: "%.0f / %.0f ms" % (statistics.median(taken), max(taken))
    for how, goal in goals.items():
        table.add(repair.WORDS[how] + ", median / max", goal, both(ours[how]),
                  "monit " + both(theirs[how]) if theirs else NOTHING)


def row_journal(table, _):
    say("journal")
    folder = tempfile.mkdtemp(prefix="ops-agent-bench.")
    try:
        done = subprocess.run([built("journal_bench"), folder, "0"], stdout=subprocess.PIPE, text=True, check=True)
        found = re.search(r"intent committed.*p50\s+(\S+) ms\s+p99\s+(\S+) ms", done.stdout)
        table.add("journal: intent committed, p99", "<= 2 ms", "%s ms (median %s)" % (found.group(2), found.group(1)), NOTHING)
    finally:
        shutil.rmtree(folder)


def stripped_mb(path):
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["strip", "-o", copy.name, path], check=True)
        return os.path.getsize(copy.name) / 1e6


def row_size(table, _):
    say("size")
    others = [(name.split("-")[-1], peer(name)) for name in ("monit", "prometheus", "prometheus-blackbox-exporter")]
    table.add("stripped program", "<= 10 MB", "%.1f MB" % stripped_mb(built("ops-agent")),
              "; ".join("%s %.1f MB" % (name, stripped_mb(path)) for name, path in others if path) or NOTHING)


def row_start(table, quick):
    runs = 3 if quick else 7
    say("start, 10 services, %d times" % runs)
    texts = {}
    for kind in (Agent, Monit, Prometheus):
        if not kind.missing():
            results = [loads.run_start(kind, 10) for _ in range(runs)]
            texts[kind] = (milliseconds(statistics.median(one.first for one in results)),
                           "%.1f MB" % statistics.median(one.idle for one in results))
    for at, (what, goal) in enumerate([("start to first check, median", "<= 50 ms"), ("idle memory", "<= 15 MB")]):
        table.add(what, goal, texts[Agent][at], of_peers(texts, lambda one, at=at: one[at]))


ROWS = {"load": row_load, "rate": row_rate, "hanging": row_hanging, "repair": row_repair, "journal": row_journal,
        "size": row_size, "start": row_start}


def main():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))  # so that all is ended
    words = sys.argv[1:]
    quick = "quick" in words
    wanted = [word for word in words if word not in ("quick", "full")] or list(ROWS)
    unknown = [word for word in wanted if word not in ROWS]
    if unknown:
        sys.exit(__doc__.strip())
    say("%d processors, load %s, Linux %s" % (os.cpu_count(), open("/proc/loadavg").read().split()[0], os.uname().release))
    table, began = Table(), time.monotonic()
    for row in wanted:
        ROWS[row](table, quick)
    print("\nmeasured in %.0f s (%s)" % (time.monotonic() - began, "quick" if quick else "full"))
    table.print()


main()
