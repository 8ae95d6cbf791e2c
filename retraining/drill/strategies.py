"""Never, every so many days, and the policy with the product's own decision and drift statistics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from monitoring.stats.bins import Kind
from monitoring.stats.instability import LEAST_WINDOWS, instability
from monitoring.stats.profiles import fit
from monitoring.stats.verdicts import Signal, drift_score, judge
from retraining.drill.engine import Why
from retraining.drill.measures import Day, quality
from retraining.drill.stream import Ints, Stream
from retraining.policy.decide import decide
from retraining.policy.decision import Decision
from retraining.policy.inputs import Inputs, Reading
from retraining.policy.policy import Policy

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
"""Day 0 is a Monday."""
LEAST_LISTS, LEAST_EVENTS = 200, 500
LEAST_OF_A_DAY = 30
"""Lists below which a day's F1 is left out of its instability, as in monitoring: its own noise would be measured."""
REFERENCE_DAYS = 28


@dataclass
class Every:
    """Every so many days; None is never."""

    days: int | None
    name: str

    def begin(self, stream: Stream, day: int) -> None:
        del stream, day

    def decide(self, stream: Stream, days: Sequence[Day], trained_day: int) -> Why:
        del stream
        return "schedule" if self.days is not None and days[-1].day + 1 - trained_day >= self.days else "no"


def our_policy() -> Policy:
    """The defaults in automatic mode. F1 < 0.75 *rated* and $60 are no figures of the catalogue protocol that lists
    are replayed by, so those two are off; 85 % of the own baseline is what D6 puts in their place."""
    return Policy(mode="automatic").changed({"performance.on": False, "cost.on": False})


@dataclass
class Ours:
    """Reads the stream as monitoring does, over the last ``window`` days, and lets the policy decide each midnight."""

    policy: Policy = field(default_factory=our_policy)
    window: int = 3
    name: str = "ours"
    decisions: list[Decision] = field(default_factory=list)
    _last: datetime | None = None
    _since: datetime = EPOCH

    def begin(self, stream: Stream, day: int) -> None:
        del stream
        self._since, self._last = EPOCH + timedelta(days=day), None
        self.decisions.clear()

    def decide(self, stream: Stream, days: Sequence[Day], trained_day: int) -> Why:
        now = EPOCH + timedelta(days=days[-1].day + 1)
        own = [one for one in days if one.day >= trained_day]
        recent = [one for one in own if one.day > days[-1].day - self.window]
        found = decide(
            self.policy,
            Inputs(
                now,
                degradation=degradation(own, recent, now),
                drift=drift(stream, trained_day, days[-1].day, self.window, now),
                instability=swings(own, now),
                new_rows=stream.until(days[-1].day + 1) - stream.until(trained_day),
                new_user_rows=rows_of_new_users(stream, trained_day, days[-1].day),
                learnt_rows=stream.until(trained_day),
                schedule_since=self._since,
                last_retraining=self._last,
            ),
        )
        self.decisions.append(found)
        if found.slot is not None:
            self._since = found.slot
        if found.action != "retrain":
            return "no"
        self._last = now
        if any(one.tier is not None for one in found.fired):
            return "signal"
        return "schedule" if found.slot is not None else "data"


def degradation(own: Sequence[Day], recent: Sequence[Day], now: datetime) -> Reading:
    """1 − nDCG@10 of the last days / baseline, which is the version's first days with enough lists (D4)."""
    first: list[Day] = []
    while len(first) < len(own) and sum(one.lists for one in first) < LEAST_LISTS:
        first.append(own[len(first)])
    baseline, current = quality(first), quality(recent)
    value = None
    if baseline.ndcg_at_10 and current.ndcg_at_10 is not None and baseline.lists >= LEAST_LISTS:
        value = 1 - current.ndcg_at_10 / baseline.ndcg_at_10
    return Reading(value, current.lists, LEAST_LISTS, now, "lists of the last days")


def swings(own: Sequence[Day], now: datetime) -> Reading:
    """F1 instability over the version's days (D5)."""
    f1s = [quality([one]).f1_at_10 or 0.0 for one in own if one.lists >= LEAST_OF_A_DAY]
    found = instability(f1s)
    return Reading(found.cv, found.n, LEAST_WINDOWS, now, "days of this version with enough lists")


def drift(stream: Stream, trained_day: int, day: int, window: int, now: datetime) -> Reading:
    """Drift score of what is liked, by popularity, and of how much a user likes a day: the version's last weeks of
    training against the last days. Events of one user depend on each other and count for fewer."""
    first, trained = stream.until(trained_day - REFERENCE_DAYS), stream.until(trained_day)
    start, stop = stream.until(max(trained_day, day + 1 - window)), stream.until(day + 1)
    size = stop - start
    if min(size, trained - first) < LEAST_EVENTS:
        return Reading(None, size, LEAST_EVENTS, now, "events of the last days")
    effect = size / len(np.unique(stream.user[start:stop]))
    one, two = stream.item[first:trained], stream.item[start:stop]
    signals = [
        _signal("liked items", "popularity", one, two, effect),
        _signal("likes a day", "numeric", activity(stream, first, trained), activity(stream, start, stop)),
    ]
    return Reading(drift_score(judge(signals)), size, LEAST_EVENTS, now, "events of the last days")


def rows_of_new_users(stream: Stream, trained_day: int, day: int) -> int:
    """Interactions since the training of users without any before it."""
    start, stop = stream.until(trained_day), stream.until(day + 1)
    known = np.zeros(stream.num_users, np.bool_)
    known[stream.user[:start]] = True
    return int((~known[stream.user[start:stop]]).sum())


def activity(stream: Stream, start: int, stop: int) -> Ints:
    """How many events each user had on each day he came."""
    key = np.floor(stream.day[start:stop]).astype(np.int64) * stream.num_users + stream.user[start:stop]
    counts: Ints = np.unique(key, return_counts=True)[1].astype(np.int64)
    return counts


def _signal(name: str, kind: Kind, reference: Ints, current: Ints, design_effect: float = 1.0) -> Signal:
    bins, counts = fit(reference, kind)
    return Signal(name, kind, counts, bins.count(current), bins, design_effect)
