"""A metric of one arm as sums over its users, which add up over hours and workers and are all that a test needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from retraining.records import between

Kind = Literal["mean", "share"]
"""share: of things that happen or do not, such as errors among requests. mean: anything else."""


@dataclass(frozen=True)
class Sums:
    """Σx / Σy over ``n`` users, who are independent of each other while the events of one user are not.

    Of a mean a user, y is 1 (so Σy = n); of a ratio such as errors a request, x and y are both sums of the user.
    """

    n: int
    x: float
    xx: float
    y: float
    yy: float
    xy: float

    def __post_init__(self) -> None:
        between("n", self.n, 0)
        for name in ("x", "xx", "y", "yy", "xy"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"{name}: a finite number is accepted, got {getattr(self, name)!r}.")

    def __add__(self, other: Sums) -> Sums:
        """Of both. A user who is in both counts as two."""
        return Sums(
            self.n + other.n,
            self.x + other.x,
            self.xx + other.xx,
            self.y + other.y,
            self.yy + other.yy,
            self.xy + other.xy,
        )

    @classmethod
    def mean(cls, n: int, x: float, xx: float) -> Sums:
        """Of a mean a user, from the number of users, Σx and Σx²."""
        return cls(n, x, xx, n, n, x)

    @classmethod
    def yes_or_no(cls, n: int, x: int) -> Sums:
        """``x`` of ``n`` users, such as those who came back."""
        between("x", x, 0, n)
        return cls.mean(n, x, x)

    @classmethod
    def of(cls, x: npt.ArrayLike, y: npt.ArrayLike | None = None) -> Sums:
        """From one value a user (n,), and where it is a ratio what each is a share of (n,)."""
        one = np.asarray(x, np.float64)
        if y is None:
            return cls.mean(len(one), float(one.sum()), float((one**2).sum()))
        two = np.asarray(y, np.float64)
        sums = (one, one**2, two, two**2, one * two)
        return cls(len(one), *(float(values.sum()) for values in sums))

    @property
    def value(self) -> float:
        """NaN where there is nothing to divide by."""
        return self.x / self.y if self.y else math.nan

    def variance(self, kind: Kind = "mean") -> float:
        """Of ``value``, by the delta method (of a mean: s² / n). Infinite below two users.

        A share has at least the variance of its events were they independent, counted with one yes and one no more
        (Agresti & Caffo 2000), so that no error among the first hundred requests does not pass for certainty.
        """
        if self.n < 2 or not self.y:
            return math.inf
        ratio = self.value
        squares = max(0.0, self.xx - 2 * ratio * self.xy + ratio**2 * self.yy)
        found = squares * self.n / (self.n - 1) / self.y**2
        if kind == "mean":
            return found
        share = (self.x + 1) / (self.y + 2)
        return max(found, share * (1 - share) / (self.y + 2))

    def scatter(self) -> float:
        """Standard deviation of one user's part of ``value``: √(n · variance). What the planner asks for."""
        return math.sqrt(self.n * self.variance()) if self.n >= 2 and self.y else math.nan
