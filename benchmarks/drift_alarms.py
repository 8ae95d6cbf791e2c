"""How often drift checks alarm without drift, and how often they find drift that is injected, beside Evidently.

    python -m benchmarks.drift_alarms [--repetitions 1000] [--sizes 500,5000,500000] [--peer-repetitions 100]
                                      [--without-peers]

A check judges seven signals of a recommender at once; it alarms when any of them moved. Reference and window have the
same size. Repetition r uses seed r, so Evidently sees the samples that ours saw. Prints a JSON line for each size and
for each injected drift, with the share of checks and its interval (Wilson, 95 %). Evidently's default at 5,000 rows
compares items one by one and says that exposure moved in nearly every sample, moved or not: its false alarms stand
beside its detection.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from benchmarks.drift_environment import PEERS, evidently
from monitoring.stats.intervals import wilson
from monitoring.tests.stats.checked import check
from monitoring.tests.stats.scenes import DRIFTS

SIZE = 5000


def found_by_ours(n: int, repetitions: int, drift: str = "") -> list[list[str]]:
    """For each seed, the signals that moved."""
    return [[one.name for one in check(seed, n, drift) if one.moved] for seed in range(repetitions)]


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
    parser.add_argument("--sizes", default="500,5000,500000")
    parser.add_argument("--peers", type=Path, default=PEERS, help="folder of the peer's environment")
    parser.add_argument("--without-peers", action="store_true")
    given = parser.parse_args()
    for n in map(int, filter(None, given.sizes.split(","))):
        line("ml-ops-pro", n, "", found_by_ours(n, given.repetitions))
    if not given.without_peers:
        line("evidently", SIZE, "", found_by_evidently(given.peers, SIZE, given.peer_repetitions))
    for drift in DRIFTS:
        line("ml-ops-pro", SIZE, drift, found_by_ours(SIZE, given.repetitions, drift))
        if not given.without_peers:
            line("evidently", SIZE, drift, found_by_evidently(given.peers, SIZE, given.peer_repetitions, drift))


if __name__ == "__main__":
    main()
