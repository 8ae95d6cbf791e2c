"""What would have happened: a policy replayed over past windows while a threshold is edited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from retraining.policy.decide import decide
from retraining.policy.decision import Decision
from retraining.policy.inputs import Inputs, Open
from retraining.policy.policy import Policy
from retraining.policy.schedule import day_of
from retraining.records import JSON, to_json

TAKES = timedelta(hours=1)


@dataclass(frozen=True)
class Replay:
    """One decision a point, those that acted, and how often each tier and each trigger came up.

    A proposal is taken to be approved at once. The signals stay as they were measured: what a retraining would have
    changed in them nobody knows, so this tells when a policy acts, not what that brings (the drill does).
    """

    decisions: tuple[Decision, ...]
    retrainings: tuple[datetime, ...]
    tiers: Mapping[str, int]
    triggers: Mapping[str, int]

    def to_json(self) -> JSON:
        return to_json(self)


def what_if(
    policy: Policy, history: Sequence[Inputs], changed: Mapping[str, Any] | None = None, takes: timedelta = TAKES
) -> Replay:
    """``policy`` with ``changed`` (dotted names) over points in order of time, in one pass.

    Of each point the measured signals, new rows and a person's wish count. What the policy's own acts leave behind is
    carried along: the open retraining (for ``takes``), the last one, today's number, the slots met and rows used up.
    """
    rules = policy.changed(changed or {})
    state = _State(history[0].schedule_since or history[0].now) if history else None
    decisions = []
    for point in history:
        assert state is not None  # noqa: S101 - there is a point
        found = decide(rules, state.applied(rules, point))
        state.leave(rules, point, found, takes)
        decisions.append(found)
    return Replay(
        tuple(decisions),
        tuple(one.at for one in decisions if one.action != "none"),
        dict(Counter(one.tier for one in decisions)),
        dict(Counter(trigger.trigger for one in decisions for trigger in one.fired)),
    )


class _State:
    """What the policy's own acts have left behind."""

    def __init__(self, schedule_since: datetime) -> None:
        self.schedule_since = schedule_since
        self.began: datetime | None = None
        self.ends: datetime | None = None
        self.today: tuple[Any, int] = (None, 0)
        self.used = self.before = (0, 0)
        """Of new rows and of those of new users: used up by an own retraining, and as the last point had them."""
        self.last_now: datetime | None = None

    def applied(self, policy: Policy, point: Inputs) -> Inputs:
        if self.last_now is not None and point.now < self.last_now:
            raise ValueError(f"history: points in order of time are accepted, got {point.now} after {self.last_now}.")
        self.last_now = point.now
        rows = _rows(point)
        if rows[0] < self.before[0] or rows[1] < self.before[1]:  # a real retraining has used them
            self.used = (0, 0)
        self.before = rows
        under_way = self.began is not None and self.ends is not None and point.now < self.ends
        day, number = self.today
        return replace(
            point,
            schedule_since=self.schedule_since,
            open=Open(self.began) if under_way and self.began else None,
            last_retraining=None if under_way else self.ends,
            retrainings_today=number if day == day_of(point.now, policy.zone) else 0,
            new_rows=None if point.new_rows is None else max(0, rows[0] - self.used[0]),
            new_user_rows=None if point.new_user_rows is None else max(0, rows[1] - self.used[1]),
        )

    def leave(self, policy: Policy, point: Inputs, found: Decision, takes: timedelta) -> None:
        if found.action == "none":
            return
        day = day_of(point.now, policy.zone)
        self.today = (day, self.today[1] + 1 if self.today[0] == day else 1)
        self.began, self.ends = point.now, point.now + takes
        self.schedule_since = max(self.schedule_since, point.now)
        self.used = _rows(point)


def _rows(point: Inputs) -> tuple[int, int]:
    return point.new_rows or 0, point.new_user_rows or 0
