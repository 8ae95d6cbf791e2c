"""Per-user results drawn from populations in which the truth is known, and the metrics written down once more."""

from __future__ import annotations

import numpy as np

from experiments.learning.comparison.per_user import PerUser
from experiments.learning.comparison.verdict import RunScores, compare

PROTOCOL = {"ndcg_at_10": "catalogue", "f1_at_10": "catalogue", "rmse": "pointwise", "mae": "pointwise"}


def ndcg(generator, users, better=0.0):
    """Columns of two models: many zeros and a long tail, harder for some users than for others."""
    ease = generator.normal(size=users)

    def one(shift):
        served = generator.random(users) < 1 / (1 + np.exp(-(1.2 * ease - 0.7 + shift)))
        return {"ndcg_at_10": np.where(served, generator.beta(1.2, 3.0, users), 0.0)}

    return one(0.0), one(better)


def lists(generator, users, better=0.0):
    """Columns of two models: hits among few relevant items in lists of ten."""
    relevant = 1 + generator.geometric(0.2, users)
    ease = generator.normal(size=users)

    def one(shift):
        hits = np.minimum(generator.binomial(relevant, 1 / (1 + np.exp(-(0.8 * ease - 1.5 + shift)))), 10)
        return {"precision_at_10": hits / 10, "recall_at_10": hits / relevant}

    return one(0.0), one(better)


def errors(generator, users, better=0.0):
    """Columns of two models: sums of squared and absolute errors over a long-tailed number of ratings."""
    ratings = 1 + np.floor(generator.lognormal(2.5, 0.9, users))
    scale = generator.lognormal(0.0, 0.35, users)

    def one(shift):
        squares = generator.gamma(ratings / 2, 1.6 * scale * (1 - shift))
        return {"squared_error": squares, "absolute_error": np.sqrt(squares * ratings) * 0.8, "ratings": ratings}

    return one(0.0), one(better)


SCENES = {"ndcg_at_10": ndcg, "f1_at_10": lists, "rmse": errors, "mae": errors}


def value(metric, columns):
    """The metric by its definition, an oracle for the estimators."""
    if metric == "rmse":
        return float(np.sqrt(sum(columns["squared_error"]) / sum(columns["ratings"])))
    if metric == "mae":
        return float(sum(columns["absolute_error"]) / sum(columns["ratings"]))
    if metric == "f1_at_10":
        p, r = np.mean(columns["precision_at_10"]), np.mean(columns["recall_at_10"])
        return float(2 * p * r / (p + r)) if p + r else 0.0
    return float(np.mean(columns[metric]))


def run(key, columns, metric="ndcg_at_10", users=None):
    columns = {metric: columns} if not isinstance(columns, dict) else columns
    codes = np.arange(len(next(iter(columns.values())))) if users is None else users
    return RunScores(key, PerUser.of(PROTOCOL[metric], codes, columns))


def verdict(metric, *columns, users=None, **options):
    """A comparison of runs "a", "b", "c" … given by their columns."""
    runs = [
        run(key, each, metric, users[position] if users else None)
        for position, (key, each) in enumerate(zip("abcdefghij", columns, strict=False))
    ]
    return compare(runs, metric, PROTOCOL[metric], **options)


def pair_of(metric, a, b, **options):
    return verdict(metric, a, b, **options).pairs[0]
