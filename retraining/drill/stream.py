"""Interactions in order of time, and what a model is fitted on and answers with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Drift:
    """What changes on which day of the stream; it is known of synthetic data alone."""

    name: str
    day: float


@dataclass(frozen=True)
class Stream:
    """n interactions: user and item numbers, whether it was liked, and days since the first, never falling (n,)."""

    name: str
    user: Ints
    item: Ints
    liked: Bools
    day: Floats
    num_users: int
    num_items: int
    repeats: bool = False
    drifts: tuple[Drift, ...] = ()

    def __post_init__(self) -> None:
        sizes = {len(self.user), len(self.item), len(self.liked), len(self.day)}
        if len(sizes) != 1 or not len(self.day):
            raise ValueError(f"stream: columns of one length above 0 are accepted, got {sorted(sizes)}.")
        if (np.diff(self.day) < 0).any():
            raise ValueError("day: interactions in order of time are accepted.")

    @property
    def days(self) -> int:
        """Whole days, the last begun one counted."""
        return int(np.floor(self.day[-1])) + 1

    def until(self, day: float) -> int:
        """How many interactions lie before ``day``."""
        return int(np.searchsorted(self.day, day, "left"))


@dataclass(frozen=True)
class Rows:
    """What a model learns from: liked pairs with weights (m,), and all pairs seen, which a list leaves out."""

    user: Ints
    item: Ints
    weight: Floats
    num_users: int
    num_items: int
    seen_user: Ints
    seen_item: Ints


Answer = Callable[[Ints, int], Ints]
"""(users (u,), k) → their lists of item numbers (u, k), the best first."""
Fit = Callable[[Rows], Answer]


@dataclass(frozen=True)
class Compose:
    """``half_life_days``: an interaction counts 0.5^(age / half-life); None counts all alike."""

    half_life_days: float | None = None

    def rows(self, stream: Stream, until_day: float) -> Rows:
        """Of all that lies before ``until_day``."""
        stop = stream.until(until_day)
        user, item, liked = stream.user[:stop], stream.item[:stop], stream.liked[:stop]
        age = until_day - stream.day[:stop]
        weight = np.ones(stop) if self.half_life_days is None else 0.5 ** (age / self.half_life_days)
        seen = (user[:0], item[:0]) if stream.repeats else (user, item)
        return Rows(user[liked], item[liked], weight[liked], stream.num_users, stream.num_items, *seen)
