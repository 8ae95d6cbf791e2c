"""Every figure of the page in one long list: a line each, for the file, the API and the command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlopspro.insights.selectors.insights import Insights
from mlopspro.insights.selectors.promotions import Promotion
from mlopspro.insights.selectors.retrained import STATES
from mlopspro.insights.selectors.span import week_name
from mlopspro.insights.selectors.use import FEWER

HEADER = ("series", "period", "name", "value", "unit")
WHOLE = "whole period"
PER_1000 = "USD per 1,000 decisions"


@dataclass(frozen=True)
class Figure:
    """``period``: the Monday of a week, a month, a day, a moment (UTC), or the whole period. ``value`` None: not known,
    or not enough data."""

    series: str
    period: str
    name: str
    value: float | int | str | None
    unit: str = ""

    @property
    def row(self) -> tuple[str, str, str, float | int | str | None, str]:
        return (self.series, self.period, self.name, self.value, self.unit)


def figures(found: Insights) -> list[Figure]:
    """In the order of the page."""
    return [
        *_velocity(found),
        *_quality(found),
        *_production(found),
        *_retrained(found),
        *_alarms(found),
        *_use(found),
    ]


def _velocity(found: Insights) -> Iterator[Figure]:
    series, one = "experiments", found.velocity
    yield Figure(series, WHOLE, "ended a week", one.a_week, "experiments a week")
    yield Figure(series, "as many weeks before", "ended a week", one.a_week_before, "experiments a week")
    for week in one.weeks:
        for name in ("completed", "failed", "cancelled"):
            yield Figure(series, week_name(week.start), name, getattr(week, name), "experiments")


def _quality(found: Insights) -> Iterator[Figure]:
    one = found.quality
    if not one.runs:
        return
    series = f"quality: {one.headline.key} on {one.dataset_label}"
    yield Figure(series, WHOLE, "mean", one.mean, one.headline.name)
    yield Figure(series, WHOLE, "best", one.best, one.headline.name)
    for name, value in one.references:
        yield Figure(series, WHOLE, f"{name}, for reference", value, one.headline.name)
    for week in one.weeks:
        yield Figure(series, week_name(week.start), "mean", week.mean, one.headline.name)
        yield Figure(series, week_name(week.start), "best", week.best, one.headline.name)
        yield Figure(series, week_name(week.start), "runs", week.runs, "runs")


def _production(found: Insights) -> Iterator[Figure]:
    one = found.production
    yield Figure("training to production", WHOLE, "median", one.median_days, "days")
    yield Figure("cost avoided", WHOLE, "all promotions of which it is known", one.avoided, "USD")
    for made in one.promotions:
        name, at = _name(made), f"{made.at:%Y-%m-%dT%H:%M:%SZ}"
        yield Figure("training to production", at, name, made.days, "days")
        if made.replaced is not None:
            before, after = made.before, made.after
            yield Figure("cost before", at, name, before.per_1000 if before else None, PER_1000)
            yield Figure("cost after", at, name, after.per_1000 if after else None, PER_1000)
            yield Figure("decisions after", at, name, after.decisions if after else None, "decisions")
            yield Figure("cost avoided", at, name, made.avoided, "USD")


def _name(made: Promotion) -> str:
    return f"{made.model.name} {made.version.number}"


def _retrained(found: Insights) -> Iterator[Figure]:
    one = found.retrained
    for month in one.months:
        for state in STATES:
            yield Figure("retrainings", f"{month.first:%Y-%m}", state, month.counts.get(state, 0), "retrainings")
    for brought in one.rows:
        at, name = f"{brought.row.started_at:%Y-%m-%dT%H:%M:%SZ}", brought.row.model.name
        yield Figure("retraining", at, name, brought.state, "state")
        if brought.gain is not None:
            unit = f"share of {brought.gain.label}" if brought.gain.relative else brought.gain.label
            yield Figure("gain at the gate", at, name, brought.gain.improvement, unit)
        if (made := brought.promotion) is not None and made.metric is not None:
            yield Figure("live before", at, name, made.before.figure if made.before else None, made.metric.name)
            yield Figure("live after", at, name, made.after.figure if made.after else None, made.metric.name)
    yield Figure("rollbacks", WHOLE, "versions brought back", len(one.rollbacks), "rollbacks")
    yield Figure("rollbacks", WHOLE, "canaries given back", one.canaries_rolled_back, "rollbacks")
    for back in one.rollbacks:
        yield Figure("rollback", f"{back.at:%Y-%m-%dT%H:%M:%SZ}", back.model, back.version, "version")


def _alarms(found: Insights) -> Iterator[Figure]:
    one = found.alarms
    yield Figure("alerts", WHOLE, "median time to acknowledge", one.to_acknowledge, "s")
    yield Figure("alerts", WHOLE, "median time to resolve", one.to_resolve, "s")
    for week in one.weeks:
        at = week_name(week.start)
        for severity, number in week.counts.items():
            yield Figure("alerts", at, severity, number, "alerts")
        yield Figure("alerts", at, "median time to acknowledge", week.to_acknowledge, "s")
        yield Figure("alerts", at, "median time to resolve", week.to_resolve, "s")


def _use(found: Insights) -> Iterator[Figure]:
    one = found.use
    if not one.has_rows:
        return
    yield Figure("use", WHOLE, "people", FEWER if one.people is None else one.people, "people")
    yield Figure("use", WHOLE, "people a day", FEWER if one.a_day is None else one.a_day, "people")
    yield Figure("use", WHOLE, "time a person and active day", one.seconds, "s")
    yield Figure("use", WHOLE, "sessions a person and active day", one.sessions, "sessions")
    yield Figure("use", WHOLE, "experiments a person", one.experiments, "experiments")
    for part in one.parts:
        yield Figure("use of a part", WHOLE, part.label, FEWER if part.share is None else part.share, "share of people")
    for day in one.days:
        yield Figure("people a day", f"{day.day}", "people", FEWER if day.people is None else day.people, "people")
