"""Lists of a small made-up shop, as rows of the log: who is regular asks often, and the popular is shown most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monitoring.stats.bins import Bins
from monitoring.stats.verdicts import Judged, Signal, judge
from monitoring.summaries import drift, reference_profile, signals
from monitoring.summaries.reference_profile import Training
from monitoring.summaries.rows import ReferenceContext, Rows
from monitoring.summaries.weights import Weights, design_effect

ITEMS = [f"i{number}" for number in range(200)]
AUDIENCE = [2000 // (number + 1) for number in range(200)]
TRAINING = Training.of(ITEMS, AUDIENCE)


def shop(users: int = 400, seed: int = 0) -> dict[str, dict[str, Any]]:
    """{user: the row of the log that each of its requests is}; one user in 100 is new."""
    random = np.random.default_rng(seed)
    chance = 1 / (np.arange(len(ITEMS)) + 10)
    rows = {}
    for number in range(users):
        new = number % 100 == 99
        chosen = random.choice(ITEMS, 10, replace=False, p=chance / chance.sum())
        rows[f"u{number}"] = {
            "user": f"u{number}", "history": None if new else int(random.integers(1, 200)), "fallback": new,
            "items": chosen.tolist(), "scores": [float(random.normal(4, 0.5)), 1.0], "confidence": 0.5,
        }  # fmt: skip
    return rows


def asked(rows: dict[str, dict[str, Any]], n: int, seed: int) -> list[dict[str, Any]]:
    """``n`` requests; a few users ask very often."""
    weights = 1 / (np.arange(len(rows)) + 5)
    users = np.random.default_rng(seed).choice(list(rows), n, p=weights / weights.sum())
    return [rows[user] for user in users]


def made(predictions: Sequence[dict[str, Any]], **more: Any) -> tuple[dict[str, Any], ReferenceContext]:
    """(profile, context) of a reference of these rows."""
    features = more.get("features", {})
    profile = reference_profile.fit(Rows.of(predictions, features=list(features)), **({"training": TRAINING} | more))
    return profile, reference_profile.context("ref", profile)


def counted(predictions: Sequence[dict[str, Any]], context: ReferenceContext) -> dict[str, dict[str, int]]:
    return drift.of(Rows.of(predictions, reference=context)).get("ref", {})


def compared(profile: dict[str, Any], counts: dict[str, dict[str, int]], minimum: int = 500) -> dict[str, Judged]:
    """The verdict on each signal, by the pure parts of a check."""
    there = Weights.of_reference(profile)
    here = Weights.of_windows(counts, people=there.people)
    given = []
    for name, entry in profile["signals"].items():
        bins = Bins.from_json(entry["bins"])
        own = signals.dense(counts[name], len(bins)) if name in counts else None
        sizes = entry["size"], int(own.sum()) if own is not None else 0
        effect = design_effect(name, there, here, sizes, effect=entry["effect"], half=entry["half"])
        given.append(Signal(name, entry["kind"], entry["counts"], own, bins, effect))
    return {one.name: one for one in judge(given, None, minimum)}
