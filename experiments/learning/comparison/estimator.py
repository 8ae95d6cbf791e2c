"""A metric of a whole run as a smooth function of sums over its units (decision D2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from experiments.learning.metrics.arrays import Floats


@dataclass(frozen=True)
class Estimator:
    """A metric as a function of sums over users.

    Attributes:
        name: wire name, for example ``f1_at_10``.
        columns: per-user columns whose sums it needs.
        value: from sums of shape (..., len(columns) + 1) to values of shape (...); the last sum counts users and is
            above zero.
        higher_is_better: its direction.
        per: position among the sums of what the metric is a mean per: users, or ratings and rows for errors.
    """

    name: str
    columns: tuple[str, ...]
    value: Callable[[Floats], Floats]
    higher_is_better: bool = True
    per: int = -1
