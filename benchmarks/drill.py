"""What a policy brings: data replayed in order of time under never, weekly, every day and ours.

    python -m benchmarks.drill [--seeds 5] [--half-life 14] [--without-movielens]

Prints a JSON line for each stream, seed and strategy: nDCG@10, F1@10, cost per 1,000 decisions, retrainings, the share
of the gap between never and every day that is recovered with its interval over users, days until a drift is acted on,
false alarms. EASE with users as served: what happens after a training is not known to the model before the next one.
"""

from __future__ import annotations

import argparse
import json

import numpy as np

from experiments.tests.realdata import root
from retraining.drill.ease import ease
from retraining.drill.real import stream_of
from retraining.drill.report import Result, drill
from retraining.drill.stream import Compose, Stream
from retraining.drill.synthetic import KINDS, World, synthetic


def rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def lines(result: Result, seed: int, half_life: float | None) -> None:
    for one in result.outcomes:
        print(json.dumps({
            "benchmark": "drill", "stream": result.stream, "seed": seed, "half_life": half_life,
            "strategy": one.strategy, "lists": one.lists, "ndcg_at_10": rounded(one.ndcg_at_10),
            "f1_at_10": rounded(one.f1_at_10), "cost_per_1000": rounded(one.cost_per_1000),
            "retrainings": len(one.retrainings), "by_signal": len(one.by_signal), "recovered": rounded(one.recovered),
            "interval": [rounded(one.recovered_low), rounded(one.recovered_high)], "by_data": len(one.by_data),
            "of_daily": rounded(one.retrainings_share), "delays": one.delays, "false_alarms": one.false_alarms,
        }), flush=True)  # fmt: skip


def movielens() -> tuple[Stream, int] | None:
    """Ratings of 4 and 5 are liked; the first third of the days warms up."""
    path = root() / "ml-100k" / "u.data"
    if not path.exists():
        return None
    user, item, rating, moment = np.loadtxt(path, np.int64, unpack=True)
    stream = stream_of("MovieLens 100k", user, item, moment, rating >= 4)
    return stream, stream.days // 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--half-life", type=float, default=14.0, help="days; 0 counts all rows alike")
    parser.add_argument("--without-movielens", action="store_true")
    given = parser.parse_args()
    half_life = given.half_life or None
    for kind in KINDS:
        for seed in range(given.seeds):
            world = World(seed=seed)
            lines(
                drill(synthetic(kind, world), ease(), world.warm_up_days, compose=Compose(half_life)), seed, half_life
            )
    if given.without_movielens or (found := movielens()) is None:
        return
    stream, warm_up = found
    lines(drill(stream, ease(300.0), warm_up, drifts_known=False), 0, None)


if __name__ == "__main__":
    main()
