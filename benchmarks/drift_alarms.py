"""How often drift checks alarm without drift, and how often they find drift that is injected, beside Evidently.

    python -m benchmarks.drift_alarms [--repetitions 1000] [--sizes 500,5000,500000] [--peer-repetitions 100]
                                      [--processes 1] [--without-peers]

A check judges seven signals of a recommender at once; it alarms when any of them moved. Reference and window have the
same size. Repetition r uses seed r, so Evidently sees the samples that ours saw. Prints a JSON line for each size and
for each injected drift, with the share of checks and its interval (Wilson, 95 %). What finds everything may do so by
always alarming, so Evidently's false alarms stand beside its detection.
"""

from __future__ import annotations

import argparse
import json
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.drift_environment import PEERS, evidently
from monitoring.stats.intervals import wilson
from monitoring.tests.stats.checked import check
from monitoring.tests.stats.scenes import DRIFTS

SIZE = 5000


def moved_in(seed: int, n: int, drift: str) -> list[str]:
    return [one.name for one in check(seed, n, drift) if one.moved]


def found_by_ours(n: int, repetitions: int, drift: str = "", processes: int = 1) -> list[list[str]]:
    """For each seed, the signals that moved."""
    with get_context("spawn").Pool(processes) as pool:
        return pool.map(partial(moved_in, n=n, drift=drift), range(repetitions), chunksize=5)


def found_by_evidently(folder: Path, n: int, repetitions: int, drift: str = "") -> list[list[str]]:
    return list(evidently(folder, "alarms", n, repetitions, drift)["moved"])


def line(system: str, n: int, drift: str, found: list[list[str]]) -> None:
    """With drift: checks in which the moved signal is named, and those in which another one is. Without: any."""
    hits = [DRIFTS[drift] in names if drift else bool(names) for names in found]
    share = wilson(sum(hits), len(hits))
    figures: dict[str, Any] = {"benchmark": "drift_alarms", "system": system, "n": n, "drift": drift or "none",
                               "checks": len(found), "detected" if drift else "alarms": round(share.value, 4),
                               "interval": [round(share.low, 4), round(share.high, 4)]}  # fmt: skip
    if drift:
        others = [any(name != DRIFTS[drift] for name in names) for names in found]
        figures["others_too"] = round(sum(others) / len(others), 4)
    print(json.dumps(figures), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--peer-repetitions", type=int, default=100)
    parser.add_argument("--processes", type=int, default=1, help="of ours; each needs 0.5 GB at 500,000")
    parser.add_argument("--sizes", default="500,5000,500000")
    parser.add_argument("--peers", type=Path, default=PEERS, help="folder of the peer's environment")
    parser.add_argument("--without-peers", action="store_true")
    given = parser.parse_args()
    for n in map(int, filter(None, given.sizes.split(","))):
        line("ml-ops-pro", n, "", found_by_ours(n, given.repetitions, "", given.processes))
    if not given.without_peers:
        line("evidently", SIZE, "", found_by_evidently(given.peers, SIZE, given.peer_repetitions))
    for drift in DRIFTS:
        line("ml-ops-pro", SIZE, drift, found_by_ours(SIZE, given.repetitions, drift, given.processes))
        if not given.without_peers:
            line("evidently", SIZE, drift, found_by_evidently(given.peers, SIZE, given.peer_repetitions, drift))


if __name__ == "__main__":
    main()
