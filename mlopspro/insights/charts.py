"""Charts of the insights page."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse

from mlopspro.core.charts import Axis, BarChart, LineChart, ScatterChart, Series, Threshold, bars
from mlopspro.core.formats import duration, metric
from mlopspro.insights.selectors.alarms import Alarms
from mlopspro.insights.selectors.promotions import Production, Promotion
from mlopspro.insights.selectors.quality import Quality
from mlopspro.insights.selectors.retrained import Retrained
from mlopspro.insights.selectors.span import Span
from mlopspro.insights.selectors.use import FEWEST, Use
from mlopspro.insights.selectors.velocity import Velocity

MOST_PROMOTIONS = 24
_WEEK = Axis("Week")


def velocity(found: Velocity) -> BarChart:
    names = (("completed", "Completed", 1), ("failed", "Failed", 6), ("cancelled", "Cancelled", "reference"))
    series = [bars(label, [getattr(week, key) for week in found.weeks], colour=place) for key, label, place in names]
    return BarChart(
        key="velocity",
        title="Experiments a week",
        categories=tuple(f"{week.start:%d %b}" for week in found.weeks),
        series=tuple(series) if found.ended else (),
        x=_WEEK,
        y=Axis("Experiments", kind="integer", minimum=0),
        empty="No experiment ended in this period.",
    )


def quality(found: Quality, span: Span) -> LineChart:
    """The mean joined over weeks without runs, and each week's best."""
    known = [week for week in found.weeks if week.mean is not None]
    mean = tuple((week.start.timestamp(), week.mean) for week in known)
    best = tuple((week.start.timestamp(), week.best) for week in known)
    return LineChart(
        key="quality",
        title=f"{found.headline.label} over time",
        series=(Series("Mean of the week", mean, 1), Series("Best of the week", best, 3, drawn="points"))
        if known
        else (),
        x=_time("Week", span),
        thresholds=tuple(Threshold(f"{name} {metric(value)}", value) for name, value in found.references),
        y=Axis(found.headline.short, "" if found.headline.higher_is_better else "lower is better"),
        empty="No training run of this period has a headline metric.",
    )


def production(found: Production, span: Span) -> ScatterChart:
    """A dot a promotion; the line is the median. In days, or where all were quicker, in hours or minutes."""
    timed = found.timed
    unit, size = _unit(max((one.days or 0.0 for one in timed), default=0.0))
    middle = None if found.median_days is None else found.median_days / size
    series = Series(
        "Promotions",
        tuple((one.at.timestamp(), (one.days or 0.0) / size) for one in timed),
        1,
        names=tuple(_name(one) for one in timed),
        links=tuple(_link(one) for one in timed),
    )
    return ScatterChart(
        key="production",
        title=f"{unit.capitalize()} from training to production",
        series=(series,) if timed else (),
        x=_time("Promoted", span),
        y=Axis("Time to production", unit, minimum=0),
        thresholds=(Threshold(f"median {metric(middle)} {unit}", middle),) if middle is not None and timed else (),
        empty="No version came into production for the first time in this period.",
    )


def cost(found: Production) -> BarChart:
    """Before and after each of the newest promotions of which both are known."""
    known = found.priced[-MOST_PROMOTIONS:]
    before = [one.before.per_1000 if one.before else None for one in known]
    after = [one.after.per_1000 if one.after else None for one in known]
    return BarChart(
        key="cost",
        title="Cost a 1,000 decisions, before and after each promotion",
        categories=tuple(_name(one) for one in known),
        series=(bars("Before", before, colour="reference"), bars("After", after, colour=1)) if known else (),
        x=Axis("Version"),
        y=Axis("Cost a 1,000 decisions", "$", minimum=0),
        empty="Not enough data: no promotion has enough answers with feedback on both sides.",
    )


def retrainings(found: Retrained) -> BarChart:
    names = (
        ("promoted", "Promoted", 3), ("held", "Held back", "reference"), ("rolled_back", "Rolled back", 2),
        ("failed", "Failed", 6), ("stopped", "Stopped", 8), ("open", "Under way", 1),
    )  # fmt: skip
    series = [
        bars(label, [month.counts.get(key, 0) for month in found.months], colour=place)
        for key, label, place in names
        if any(month.counts.get(key) for month in found.months)
    ]
    return BarChart(
        key="retrainings",
        title="Retrainings a month",
        categories=tuple(f"{month.first:%b %Y}" for month in found.months),
        series=tuple(series),
        x=Axis("Month"),
        y=Axis("Retrainings", kind="integer", minimum=0),
        empty="No retraining began in this period.",
    )


def alerts(found: Alarms) -> BarChart:
    names = (("critical", "Critical", 6), ("warning", "Warning", 2), ("info", "Info", 1))
    series = [bars(label, [week.counts[key] for week in found.weeks], colour=place) for key, label, place in names]
    return BarChart(
        key="alerts",
        title="Alerts a week",
        categories=tuple(f"{week.start:%d %b}" for week in found.weeks),
        series=tuple(series) if found.opened else (),
        x=_WEEK,
        y=Axis("Alerts", kind="integer", minimum=0),
        empty="No alert opened in this period.",
    )


def reactions(found: Alarms) -> BarChart:
    """Medians a week, in minutes."""

    def minutes(values: Sequence[float | None]) -> list[float | None]:
        return [None if value is None else value / 60 for value in values]

    known = bool(found.acknowledged or found.resolved)
    series = (
        bars("To acknowledge", minutes([week.to_acknowledge for week in found.weeks]), colour=1),
        bars("To resolve", minutes([week.to_resolve for week in found.weeks]), colour=3),
    )
    said = f"Median {duration(found.to_acknowledge)} to acknowledge, {duration(found.to_resolve)} to resolve."
    return BarChart(
        key="reactions",
        title="Median time to acknowledge and to resolve",
        categories=tuple(f"{week.start:%d %b}" for week in found.weeks),
        series=series if known else (),
        x=_WEEK,
        y=Axis("Time", "min", minimum=0),
        summary=said if known else "",
        empty="No alert of this period was acknowledged or has resolved.",
    )


def people(found: Use) -> BarChart:
    """Days with fewer than three people are gaps."""
    return BarChart(
        key="people",
        title="People a day",
        categories=tuple(f"{one.day:%d %b}" for one in found.days),
        series=(bars("People", [one.people for one in found.days], colour=1),),
        x=Axis("Day"),
        y=Axis("People", kind="integer", minimum=0),
        empty=f"No day of this period had {FEWEST} people or more.",
    )


def _time(title: str, span: Span) -> Axis:
    """The whole period, also where little happened in it."""
    return Axis(title, kind="time", minimum=span.start.timestamp(), maximum=span.end.timestamp())


def _unit(days: float) -> tuple[str, float]:
    """The word for a unit that suits the longest of several times, and its length in days."""
    if days >= 2:
        return "days", 1.0
    return ("hours", 1 / 24) if days >= 2 / 24 else ("minutes", 1 / 1440)


def _name(one: Promotion) -> str:
    return f"{one.model.name} {one.version.number}"


def _link(one: Promotion) -> str:
    return reverse("experiments:model_version", args=[one.model.pk, one.version.pk])
