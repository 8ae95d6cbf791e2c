"""Smaller versions: bytes, agreement of the lists and time of a user's scores, exact against half and eight bits.

    .venv/bin/python -m benchmarks.smaller [--data FOLDER]

EASE and implicit ALS on MovieLens 100k (or any folder that the import reads); the three scorers are asked in turn for
the same users, one at a time, so that a noisy machine is as noisy for each.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from experiments.learning.data.folds import training_data
from experiments.learning.data.imports import load
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.splits import SplitSpec, split
from experiments.learning.recommenders.registry import get
from experiments.learning.recommenders.scorers.compact import PRECISIONS, opened, shrunk
from experiments.learning.recommenders.scorers.registry import load_scorer

USERS = 300


class Quiet:
    """An observer of fits that says nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **options: None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=None)
    asked = parser.parse_args()
    root = Path(os.environ.get("MLOPSPRO_SAMPLE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    interactions = load({"interactions": asked.data or root / "ml-100k"}, options=ReadOptions()).interactions
    data = training_data(interactions, split(interactions, SplitSpec("random", seed=0)))
    for key, changes in (("ease", {}), ("implicit_als", {"epochs": 6})):
        architecture = get(key)
        exact = architecture.fit(data, architecture.validate(changes), seed=0, observer=Quiet()).scorer
        arrays, config = exact.arrays(), exact.config()
        scorers = {"exact": exact} | {
            one: load_scorer(opened(shrunk(config["kind"], arrays, one)), config) for one in PRECISIONS
        }
        sizes = {"exact": len(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))}
        sizes |= {one: len(save(shrunk(config["kind"], arrays, one))) for one in PRECISIONS}
        users = np.unique(np.linspace(0, interactions.num_users - 1, USERS).astype(np.int32))
        times: dict[str, list[float]] = {one: [] for one in scorers}
        lists: dict[str, list[Any]] = {one: [] for one in scorers}
        for user in users:
            for name, scorer in scorers.items():
                began = time.perf_counter()
                scores = scorer.score_block(np.array([user], np.int32))[0]
                times[name].append(time.perf_counter() - began)
                lists[name].append(np.argsort(-scores, kind="stable")[:10])
        middle = {name: statistics.median(values) for name, values in times.items()}
        for name in scorers:
            pairs = list(zip(lists["exact"], lists[name], strict=True))
            overlap = statistics.fmean(len(np.intersect1d(a, b)) / 10 for a, b in pairs)
            same = statistics.fmean(bool((a == b).all()) for a, b in pairs)
            print(
                f"{key:13} {name:6} {sizes[name]:>12,} bytes   ten best {overlap:7.2%}   same list {same:6.1%}   "
                f"time {middle[name] / middle['exact']:.2f} of exact ({1e6 * middle[name]:.0f} µs)"
            )


if __name__ == "__main__":
    main()
