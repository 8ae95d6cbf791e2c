"""Aggregates of the language: what brings the values of the users to one figure of the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from experiments.learning.custom_metrics.functions import FUNCTIONS, ValueKind


@dataclass(frozen=True)
class Aggregate:
    """Brings the values of the users to one figure.

    ``apply`` is given the defined values of at least ``at_least`` users, shape (n,), and what else is in its brackets.
    """

    name: str
    signature: str
    words: str
    takes: ValueKind
    apply: Callable[..., float]
    at_least: int = 1
    extra: tuple[str, ...] = ()
    """Names of the further values in its brackets, each one figure of the run."""


AGGREGATES = {
    aggregate.name: aggregate
    for aggregate in (
        Aggregate("mean", "mean(a)", "arithmetic mean", "number", np.mean),
        Aggregate("sum", "sum(a)", "sum", "number", np.sum),
        Aggregate("median", "median(a)", "middle value", "number", np.median),
        Aggregate("std", "std(a)", "standard deviation of a sample (n − 1)", "number",
                  lambda values: float(np.std(values, ddof=1)), at_least=2),
        Aggregate("min", "min(a)", "smallest value", "number", np.min),
        Aggregate("max", "max(a)", "largest value", "number", np.max),
        Aggregate("quantile", "quantile(a, q)", "value below which a share q lies, interpolated", "number",
                  np.quantile, extra=("q",)),
        Aggregate("share", "share(c)", "share of users for whom a condition is true", "condition", np.mean),
        Aggregate("count", "count(c)", "number of users for whom a condition is true", "condition", np.sum,
                  at_least=0),
    )
}  # fmt: skip


def is_aggregate(name: str, arguments: int) -> bool:
    """``min`` and ``max`` of one value look over the users, of several values over these."""
    return name in AGGREGATES and (name not in FUNCTIONS or arguments == 1)
