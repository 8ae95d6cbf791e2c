"""The replay: each day the live version answers who comes, then the strategy says whether to train anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np

from retraining.drill.measures import Day, K, measure
from retraining.drill.stream import Compose, Fit, Stream

Why = Literal["no", "schedule", "data", "signal"]
"""A signal says that something got worse; new data that there is enough more to learn."""


class Strategy(Protocol):
    """Decides at the end of each day from what is known by then."""

    @property
    def name(self) -> str: ...

    def begin(self, stream: Stream, day: int) -> None:
        """``day`` is the first that is answered."""

    def decide(self, stream: Stream, days: Sequence[Day], trained_day: int) -> Why:
        """After ``days``, the last of which has just ended; the live version was trained before ``trained_day``."""


@dataclass(frozen=True)
class Retraining:
    """Before which day, and why."""

    day: int
    why: Why


@dataclass(frozen=True)
class Replayed:
    strategy: str
    days: tuple[Day, ...]
    retrainings: tuple[Retraining, ...] = field(default=())


def replay(stream: Stream, fit: Fit, strategy: Strategy, warm_up_days: int, compose: Compose | None = None) -> Replayed:
    """The first version learns from the warm-up; every later one from all before it, by ``compose``.

    A retraining takes no time: it answers from the next day on. Days on which nobody liked anything are left out.
    """
    if not 0 < warm_up_days < stream.days:
        raise ValueError(f"warm_up_days: 1 to {stream.days - 1} are accepted, got {warm_up_days}.")
    rows = compose or Compose()
    answer, trained = fit(rows.rows(stream, warm_up_days)), warm_up_days
    strategy.begin(stream, warm_up_days)
    days: list[Day] = []
    retrainings: list[Retraining] = []
    for day in range(warm_up_days, stream.days):
        start, stop = stream.until(day), stream.until(day + 1)
        users = np.unique(stream.user[start:stop][stream.liked[start:stop]])
        if len(users):
            days.append(measure(stream, day, answer(users, K), users, start, stop))
        if day + 1 == stream.days or not days:
            continue
        why = strategy.decide(stream, days, trained)
        if why != "no":
            answer, trained = fit(rows.rows(stream, day + 1)), day + 1
            retrainings.append(Retraining(day + 1, why))
    return Replayed(strategy.name, tuple(days), tuple(retrainings))
