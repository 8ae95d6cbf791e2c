"""A drill's result: the same stream under several strategies, side by side, as a page and a document show it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from retraining.drill.engine import Replayed, Strategy, replay
from retraining.drill.interval import recovered_interval
from retraining.drill.measures import quality
from retraining.drill.strategies import Every, Ours
from retraining.drill.stream import Compose, Fit, Stream
from retraining.records import JSON, to_json

TRUE_FOR_DAYS = 28
"""A signal counts as one of a drift for so long after it began."""


@dataclass(frozen=True)
class Line:
    """One stretch of one strategy; None where nobody came."""

    day: int
    lists: int
    ndcg_at_10: float | None
    f1_at_10: float | None
    cost_per_1000: float | None


@dataclass(frozen=True)
class Outcome:
    """``recovered``: the share of what *every day* gains over *never* in nDCG@10, with an interval of 95 % from a
    bootstrap over users; ``retrainings_share`` of its number.

    ``delays``: days from each drift to the first retraining that a signal asked for, None where none did.
    ``false_alarms``: retrainings that a signal asked for without a drift in the last TRUE_FOR_DAYS; None where the
    drifts of the stream are not known, which on real data nobody knows.
    """

    strategy: str
    lists: int
    ndcg_at_10: float | None
    f1_at_10: float | None
    cost_per_1000: float | None
    retrainings: tuple[int, ...]
    by_signal: tuple[int, ...]
    recovered: float | None
    retrainings_share: float | None
    delays: tuple[int | None, ...]
    false_alarms: int | None
    line: tuple[Line, ...]
    by_data: tuple[int, ...] = ()
    recovered_low: float | None = None
    recovered_high: float | None = None


@dataclass(frozen=True)
class Result:
    """``gap``: nDCG@10 of *every day* less that of *never*."""

    stream: str
    warm_up_days: int
    days: int
    drifts: tuple[tuple[str, float], ...]
    gap: float | None
    outcomes: tuple[Outcome, ...]

    def to_json(self) -> JSON:
        return to_json(self)

    def of(self, strategy: str) -> Outcome:
        return next(one for one in self.outcomes if one.strategy == strategy)


def usual() -> tuple[Strategy, ...]:
    return Every(None, "never"), Every(7, "weekly"), Every(1, "daily"), Ours()


def drill(
    stream: Stream,
    fit: Fit,
    warm_up_days: int,
    *,
    strategies: Sequence[Strategy] | None = None,
    compose: Compose | None = None,
    drifts_known: bool = True,
    stretch_days: int = 7,
    on_strategy: Callable[[str], None] | None = None,
) -> Result:
    """Replays ``stream`` under each strategy. ``on_strategy`` is told the name of the one that begins."""
    replays = []
    for one in strategies or usual():
        if on_strategy is not None:
            on_strategy(one.name)
        replays.append(replay(stream, fit, one, warm_up_days, compose))
    named = {one.strategy: one for one in replays}
    ends = [quality(named[name].days).ndcg_at_10 if name in named else None for name in ("never", "daily")]
    gap = ends[1] - ends[0] if ends[0] is not None and ends[1] is not None else None
    most = len(named["daily"].retrainings) if "daily" in named else 0
    return Result(
        stream.name,
        warm_up_days,
        stream.days,
        tuple((one.name, one.day) for one in stream.drifts),
        gap,
        tuple(
            _with_interval(_outcome(stream, one, ends[0], gap, most, drifts_known, stretch_days), one, replays)
            for one in replays
        ),
    )


def _with_interval(found: Outcome, one: Replayed, replays: Sequence[Replayed]) -> Outcome:
    named = {each.strategy: each for each in replays}
    if one.strategy in ("never", "daily") or not {"never", "daily"} <= named.keys():
        return found
    low, high = recovered_interval(one, named["never"], named["daily"]) or (None, None)
    return replace(found, recovered_low=low, recovered_high=high)


def _outcome(
    stream: Stream, one: Replayed, least: float | None, gap: float | None, most: int, known: bool, stretch: int
) -> Outcome:
    whole = quality(one.days)
    signals = [made.day for made in one.retrainings if made.why == "signal"]
    recovered = None
    if gap and least is not None and whole.ndcg_at_10 is not None:
        recovered = (whole.ndcg_at_10 - least) / gap
    false = [day for day in signals if not any(0 <= day - it.day <= TRUE_FOR_DAYS for it in stream.drifts)]
    return Outcome(
        one.strategy,
        whole.lists,
        whole.ndcg_at_10,
        whole.f1_at_10,
        whole.cost_per_1000,
        tuple(made.day for made in one.retrainings),
        tuple(signals),
        recovered,
        len(one.retrainings) / most if most else None,
        tuple(_delay(it.day, signals) for it in stream.drifts),
        len(false) if known else None,
        tuple(_lines(one, stretch)),
        tuple(made.day for made in one.retrainings if made.why == "data"),
    )


def _delay(drift_day: float, signals: Sequence[int]) -> int | None:
    after = [day for day in signals if 0 <= day - drift_day <= TRUE_FOR_DAYS]
    return int(min(after) - drift_day) if after else None


def _lines(one: Replayed, stretch: int) -> list[Line]:
    if not one.days:
        return []
    first, last = one.days[0].day, one.days[-1].day
    found = []
    for start in range(first, last + 1, stretch):
        part = quality(day for day in one.days if start <= day.day < start + stretch)
        found.append(Line(start, part.lists, part.ndcg_at_10, part.f1_at_10, part.cost_per_1000))
    return found
