"""Drift of raw rows with 20 columns against a stored reference, beside Evidently's default preset on the same columns.

    python -m benchmarks.drift [--rows 1000000] [--repetitions 3] [--peer-repetitions 1] [--without-peers]

Prints a JSON line for each: median seconds, extra memory in MB (greatest size of the process less its size with the
data) and the columns that moved, then their ratios. Seven columns move. Ours has the reference's bins and counts, as
a version keeps them, and reads the current rows once; Evidently reads both. Each runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.drift_columns import MOVED, NUMBERS, made, peak, reset_peak
from benchmarks.drift_environment import PEERS, evidently
from monitoring.stats.bins import Bins
from monitoring.stats.profiles import profile
from monitoring.stats.verdicts import Judged, Signal, judge


def stored(rows: int) -> str:
    """The profile of the reference, as JSON."""
    columns = made(rows, 1, False)
    return json.dumps(
        {name: profile(values, "numeric" if name in NUMBERS else "categorical") for name, values in columns.items()}
    )


def checked(reference: str, columns: dict[str, Any]) -> list[Judged]:
    signals = []
    for name, entry in json.loads(reference).items():
        bins = Bins.from_json(entry["bins"])
        signals.append(Signal(name, entry["kind"], entry["counts"], bins.count(columns[name]), bins))
    return judge(signals)


def ours(rows: int, repetitions: int) -> dict[str, Any]:
    reference, columns = stored(rows), made(rows, 2, True)
    before = reset_peak()
    seconds = []
    for _ in range(repetitions):
        began = time.perf_counter()
        found = checked(reference, columns)
        seconds.append(time.perf_counter() - began)
    return {"seconds": seconds, "extra_mb": peak() - before, "moved": sorted(one.name for one in found if one.moved)}


def line(system: str, found: dict[str, Any], rows: int) -> None:
    moved = set(found["moved"])
    print(json.dumps({
        "benchmark": "drift", "system": system, "rows": rows, "columns": 20,
        "seconds": round(statistics.median(found["seconds"]), 4), "extra_mb": round(found["extra_mb"], 1),
        "moved_found": len(moved & MOVED), "false": sorted(moved - MOVED),
    }), flush=True)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--peer-repetitions", type=int, default=1)
    parser.add_argument("--peers", type=Path, default=PEERS, help="folder of the peer's environment")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(ours(given.rows, given.repetitions)))
        return
    asked = [sys.executable, "-m", "benchmarks.drift", "--child", "--rows", str(given.rows)]
    done = subprocess.run(
        [*asked, "--repetitions", str(given.repetitions)], check=True, stdout=subprocess.PIPE, text=True
    )
    mine = json.loads(done.stdout.splitlines()[-1])
    line("ml-ops-pro", mine, given.rows)
    if given.without_peers:
        return
    peer = evidently(given.peers, "columns", given.rows, given.peer_repetitions)
    line(f"evidently {peer['evidently']}", peer, given.rows)
    times = statistics.median(peer["seconds"]) / statistics.median(mine["seconds"])
    print(json.dumps({
        "benchmark": "drift", "faster": round(times, 1), "memory_ratio": round(mine["extra_mb"] / peer["extra_mb"], 3),
        "same_columns": mine["moved"] == peer["moved"],
    }))  # fmt: skip


if __name__ == "__main__":
    main()
