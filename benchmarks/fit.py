"""Seconds of 10 epochs of the hybrid of F14 on MovieLens 100k, 80/20: ours beside plain Keras, in one run.

    python -m benchmarks.fit [--reps 3] [--epochs 10]

Variants: ``ours``; ``plain`` (``model.fit`` as a typical user writes it); ``fewer_steps`` (the same with
steps_per_execution=100). Each repetition is a fresh process, variants take turns, imports are not timed, building
and compiling the network is. The same features, split and hyperparameters for all. Goal: ours at most 0.7 of plain
at the same RMSE. Then ``default_run``: the default hybrid on the synthetic data, training and evaluation (at most
5 s together). One JSON line a figure.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

VARIANTS = ("ours", "plain", "fewer_steps")


class Clock:
    """Wall-clock seconds, and processor seconds, which say more when the machine has other work."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        return {"seconds": time.perf_counter() - self.wall, "cpu_seconds": time.process_time() - self.cpu}


def ours(data: Any, test: Any, seed: int, epochs: int) -> dict[str, float]:
    from benchmarks.ratings import Quiet, rmse
    from experiments.learning.recommenders.registry import get
    from experiments.learning.recommenders.warm import import_everything

    import_everything()
    hybrid = get("hybrid")
    clock = Clock()
    fitted = hybrid.fit(data, hybrid.validate({"epochs": epochs}), seed=seed, observer=Quiet())
    return clock.read() | {"rmse": rmse(fitted, test, data.scale)}


def keras_fit(data: Any, test: Any, seed: int, epochs: int, steps: int) -> dict[str, float]:
    """The network and training of F14 and F8 with Keras's own means and TensorFlow's own settings."""
    import keras
    import numpy as np
    from keras import layers, regularizers

    clock = Clock()
    keras.utils.set_random_seed(seed)
    user, item = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    of_item, of_user = keras.Input((data.item_features.shape[1],)), keras.Input((data.user_features.shape[1],))
    embedded = []
    for count, codes in ((data.num_users, user), (data.num_items, item)):
        table = layers.Embedding(count, 50, embeddings_regularizer=regularizers.L2(0.01))
        embedded.append(layers.Flatten()(table(codes)))
    x = layers.Concatenate()([*embedded, of_item, of_user])
    x = layers.Dense(64, activation="relu")(layers.Dense(128, activation="relu")(x))
    output = layers.Add()([layers.Dot(1)(embedded), layers.Dense(1)(x)])
    model = keras.Model([user, item, of_item, of_user], output)
    model.compile(keras.optimizers.Adam(0.001), "mse", steps_per_execution=steps)

    def inputs(part: Any) -> list[Any]:
        return [part.user[:, None], part.item[:, None], data.item_features[part.item], data.user_features[part.user]]

    model.fit(inputs(data.train), data.train.value, batch_size=256, epochs=epochs, verbose=0)
    found = clock.read()
    predicted = np.clip(model.predict(inputs(test), batch_size=8192, verbose=0).ravel(), *data.scale)
    return found | {"rmse": float(np.sqrt(np.mean((predicted - test.value) ** 2)))}


def one(variant: str, seed: int, epochs: int) -> dict[str, float]:
    from benchmarks.ratings import movielens_100k, parts_without_validation
    from experiments.learning.data.splits import SplitSpec

    data, test = parts_without_validation(movielens_100k(), SplitSpec("random", 0.2, seed=42))
    if variant == "ours":
        return ours(data, test, seed, epochs)
    return keras_fit(data, test, seed, epochs, 100 if variant == "fewer_steps" else 1)


def medians(runs: dict[str, list[dict[str, float]]], name: str) -> dict[str, float]:
    return {variant: statistics.median(run[name] for run in found) for variant, found in runs.items()}


def default_run(seed: int) -> dict[str, float]:
    from benchmarks.ratings import Quiet
    from experiments.learning.data.folds import folds, training_data
    from experiments.learning.data.splits import SplitSpec, split
    from experiments.learning.data.synthetic import generate
    from experiments.learning.metrics.evaluate import evaluate
    from experiments.learning.recommenders.registry import get
    from experiments.learning.recommenders.warm import import_everything

    import_everything()
    interactions = generate()
    divided = split(interactions, SplitSpec())
    test = folds(interactions, divided)[2]
    hybrid = get("hybrid")
    start = time.perf_counter()
    data = training_data(interactions, divided)
    fitted = hybrid.fit(data, hybrid.validate({}), seed=seed, observer=Quiet())
    trained = time.perf_counter()
    evaluate(
        fitted.scorer,
        train=data.train,
        validation=data.validation,
        test=test,
        num_items=data.num_items,
        feedback=data.feedback,
        scale=data.scale,
        predicts_ratings=fitted.predicts_ratings,
    )
    return {"train": trained - start, "evaluate": time.perf_counter() - trained}


def in_a_fresh_process(*arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.fit", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--reps", type=int, default=3)
    arguments.add_argument("--epochs", type=int, default=10)
    arguments.add_argument("--one", choices=[*VARIANTS, "default_run"], help=argparse.SUPPRESS)
    arguments.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.one:
        found = default_run(given.seed) if given.one == "default_run" else one(given.one, given.seed, given.epochs)
        print(json.dumps(found))
        return
    runs: dict[str, list[dict[str, float]]] = {variant: [] for variant in VARIANTS}
    for seed in range(given.reps):
        for variant in VARIANTS:
            runs[variant].append(
                in_a_fresh_process("--one", variant, "--seed", str(seed), "--epochs", str(given.epochs))
            )
    wall, cpu = medians(runs, "seconds"), medians(runs, "cpu_seconds")
    for variant in VARIANTS:
        figures = {
            "benchmark": "fit",
            "variant": variant,
            "seconds": [round(run["seconds"], 2) for run in runs[variant]],
            "median": round(wall[variant], 2),
            "of_plain": round(wall[variant] / wall["plain"], 3),
            "cpu_seconds": [round(run["cpu_seconds"], 2) for run in runs[variant]],
            "cpu_of_plain": round(cpu[variant] / cpu["plain"], 3),
            "rmse": [round(run["rmse"], 4) for run in runs[variant]],
        }
        print(json.dumps(figures), flush=True)
    found = in_a_fresh_process("--one", "default_run")
    print(json.dumps({"benchmark": "fit", "variant": "default_run", **{k: round(v, 2) for k, v in found.items()}}))


if __name__ == "__main__":
    main()
