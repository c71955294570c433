"""Loads on one watcher: what it costs, and how far its checks are from their time. Both are seen from outside: in
/proc, and in the target's own list of when which request came, so that every watcher is judged alike."""
import array
import os
import subprocess
import time

from programs import Bench, built, free_port
from watchers import ADDRESSES, Load


def quantile(values, part):
    values = sorted(values)
    return values[min(int(part * len(values)), len(values) - 1)] if values else float("nan")


class Target:
    """bench_target: answers, and knows when it was asked."""

    def __init__(self, bench):
        self.port = free_port("127.0.1.1")
        self.file = os.path.join(bench.folder, "arrivals")
        self.program = bench.start(built("bench_target"), str(ADDRESSES), str(self.port), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        self.expect("ready")

    def expect(self, word):
        line = self.program.process.stdout.readline()
        if not line.startswith(word):
            raise RuntimeError("bench_target said '%s' instead of '%s'" % (line.strip(), word))

    def take(self):
        """[(seconds, number)] since the last call; numbers of those that hang are negative."""
        self.program.process.stdin.write("take %s\n" % self.file)
        self.program.process.stdin.flush()
        self.expect("taken")
        numbers = array.array("q")
        with open(self.file, "rb") as file:
            numbers.frombytes(file.read())
        return [(at / 1e9, number) for at, number in zip(numbers[::2], numbers[1::2])]


def distances(arrivals, interval):
    """How much the time since a target's check before differs from the interval, in seconds. A check left out counts
    with its whole interval."""
    last, out = {}, []
    for at, number in arrivals:
        if number in last and number >= 0:
            out.append(abs(at - last[number] - interval))
        last[number] = at
    return out


class Result:
    pass


def first_checks(arrivals, began, load):
    """When each target was first asked, in seconds after the start, sorted."""
    first = {}
    for at, number in arrivals:
        first.setdefault(number, at - began)
    return sorted(first.values())


def unevenness(times, parts=10):
    """The fullest tenth of the time between first and last, against an even spread: 1 is even, 10 is a burst."""
    if len(times) < 2:
        return float("nan")
    width = (times[-1] - times[0]) / parts or 1e-9
    tenths = [0] * parts
    for at in times:
        tenths[min(int((at - times[0]) / width), parts - 1)] += 1
    return max(tenths) * parts / len(times)


def run_load(kind, count, interval, seconds, hanging=0, warm_up=None):
    """One watcher, a load, a bounded time."""
    with Bench() as bench:
        target = Target(bench)
        load = Load(count, interval, target.port, hanging)
        watcher = kind(bench, load)
        began = time.monotonic()
        programs = watcher.start()
        time.sleep(interval + 2 if warm_up is None else warm_up)
        result = Result()
        early = target.take()
        result.first = first_checks(early, began, load)
        cpu = sum(one.cpu_seconds() for one in programs)
        begin = time.monotonic()
        time.sleep(seconds)
        span = time.monotonic() - begin
        cpu = sum(one.cpu_seconds() for one in programs) - cpu
        result.resident = sum(one.resident_mb() for one in programs)
        for one in programs:
            one.check()
        arrivals = target.take()
        result.checks = len(arrivals)
        result.rate = len(arrivals) / span
        result.cpu_per_1000 = cpu / max(len(arrivals), 1) * 1000
        # The last round before the window begins the gaps within it.
        gaps = distances([one for one in early if one[0] > begin - interval * 1.5] + arrivals, interval)
        result.p50, result.p99, result.worst = quantile(gaps, 0.5), quantile(gaps, 0.99), max(gaps, default=float("nan"))
        result.own_p99 = watcher.own_p99_late() if hasattr(watcher, "own_p99_late") else None
        return result


def run_start(kind, count, interval=30):
    """Seconds from the start of the program to its first request, and its memory a few seconds later."""
    with Bench() as bench:
        target = Target(bench)
        watcher = kind(bench, Load(count, interval, target.port))
        began = time.monotonic()
        programs = watcher.start()
        arrivals = []
        # Prometheus spreads its first looks over the whole interval.
        while not arrivals and time.monotonic() < began + interval + 10:
            time.sleep(0.1)
            arrivals = target.take()
        time.sleep(3)
        for one in programs:
            one.check()
        result = Result()
        result.first = arrivals[0][0] - began if arrivals else float("nan")
        result.idle = sum(one.resident_mb() for one in programs)
        return result
