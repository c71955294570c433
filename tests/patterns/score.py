#!/usr/bin/env python3
"""Mines the systems of Loghub that are at hand and compares the averages with floors.

    score.py PROGRAM [SHARED]     SHARED: holds data/loghub and tools/logparse_score.py; $OPS_SHARED or
                                  shared/ beside the repository or the folder of its worktrees unless given

Exit code 77 (skipped) when there is nothing to compare with. docs/patterns.md explains the figures.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

# Drain3's defaults on the same systems are GA .752, FGA .732, PA .306, FTA .268. Ours are higher; these floors
# stand a little below what is reached, so that a change that costs is seen.
FLOORS = {"GA": 0.94, "FGA": 0.95, "PA": 0.89, "FTA": 0.89}


def find_shared():
    here = pathlib.Path(__file__).resolve()
    if os.environ.get("OPS_SHARED"):
        return pathlib.Path(os.environ["OPS_SHARED"])
    for folder in here.parents:
        if (folder / "shared" / "tools" / "logparse_score.py").is_file():
            return folder / "shared"
    return None


def main():
    shared = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else find_shared()
    if shared is None or not (shared / "data" / "loghub").is_dir():
        print("skipped: no shared/data/loghub beside the repository")
        return 77
    truth = shared / "data" / "loghub"
    with tempfile.TemporaryDirectory() as results:
        for system in sorted(p.name for p in truth.iterdir() if p.is_dir()):
            lines = (truth / system / f"{system}_2k.log_structured_corrected.csv").read_bytes()
            mined = subprocess.run([sys.argv[1]], input=lines, capture_output=True, check=True)
            (pathlib.Path(results) / f"{system}.csv").write_bytes(mined.stdout)
        scorer = [sys.executable, shared / "tools" / "logparse_score.py", "--dir", truth, results, "--corrected"]
        print(subprocess.run(scorer, capture_output=True, check=True, text=True).stdout)
        scores = json.loads(subprocess.run(scorer + ["--json"], capture_output=True, check=True, text=True).stdout)
    failed = not scores
    for name, floor in FLOORS.items():
        average = sum(s[name] for s in scores.values()) / max(1, len(scores))
        if average < floor:
            print(f"{name} is {average:.4f} on average, below {floor}")
            failed = True
    return 1 if failed else 0


sys.exit(main())
