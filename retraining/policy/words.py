"""The sentences of a decision, for somebody who owns the product and not the model."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from experiments.metric_words import label
from retraining.policy.inputs import Reading
from retraining.policy.policy import Performance

TITLES = {
    "drift": "Data drift",
    "instability": "F1 instability",
    "degradation": "Loss of quality against the baseline",
    "cost": "Cost of errors per 1,000 predictions",
}


def figure(trigger: str, value: float) -> str:
    """A value in the unit of its trigger: a share of the baseline or of rows in per cent, cost in dollars."""
    if trigger in ("degradation", "new_users"):
        return f"{100 * value:.1f} %"
    if trigger == "cost":
        return f"${value:,.2f}"
    if trigger == "new_rows":
        return f"{value:,.0f}"
    return f"{value:,.3f}"


def title(trigger: str, performance: Performance) -> str:
    if trigger == "performance":
        return f"{label(performance.metric)} ({performance.protocol})"
    return TITLES[trigger]


def against(name: str, trigger: str, reading: Reading, threshold: float, fired: bool, worse: str) -> str:
    """ "F1@10 (rated) is 0.710, below the agreed 0.750 (2,140 judged lists of the last 24 hours)." """
    value = figure(trigger, reading.value if reading.value is not None else 0.0)
    side = worse if fired else "within"
    source = f" ({reading.sample:,} {reading.sentence})" if reading.sentence else f" ({reading.sample:,} measured)"
    return f"{name} is {value}, {side} the agreed {figure(trigger, threshold)}{source}."


def unknown(name: str, reading: Reading, now: datetime, stale_after_hours: float) -> str:
    """What is missing before the signal can be judged."""
    if reading.sample < reading.minimum:
        missing = reading.minimum - reading.sample
        what = f" {reading.sentence}" if reading.sentence else ""
        return f"{name} cannot be judged: {reading.sample:,} of {reading.minimum:,}{what}, {missing:,} more are needed."
    if reading.value is None:
        return f"{name} cannot be judged: it has no value yet."
    hours = (now - reading.at).total_seconds() / 3600
    return f"{name} cannot be judged: it was measured {hours:,.0f} hours ago, and {stale_after_hours:g} are the most."


def moment(at: datetime, zone: str) -> str:
    """ "Mon 23 Nov 02:00 CET"."""
    return at.astimezone(ZoneInfo(zone)).strftime("%a %-d %b %H:%M %Z")
