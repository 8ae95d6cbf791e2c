"""The tour's one chart: live quality by version, with the moments at which something happened."""

from __future__ import annotations

import datetime as dt
from typing import Any

from mlopspro.core.charts import Axis, LineChart, Series, Threshold
from mlopspro.tour.course import STEP

MOMENTS = (
    ("drift_at", "The world changes"),
    ("alert_at", "Alert"),
    ("decision_at", "Decision"),
    ("canary_at", "Canary"),
    ("promoted_at", "Promoted"),
)
LEAST = 5
"""Lists below which a stretch is not drawn: one list says nothing."""


def quality(facts: dict[str, Any]) -> LineChart:
    """``facts`` of a tour; empty before people come."""
    points = [one for one in facts.get("course", []) if one[3] >= LEAST]
    numbers = list(dict.fromkeys(number for _, number, _, _ in points))
    lines = tuple(
        Series(
            f"Version {number}",
            tuple((at + STEP / 2, value) for at, own, value, _ in points if own == number),
            place,
        )
        for place, number in enumerate(numbers, 1)
    )
    moments = tuple(Threshold(words, _at(facts[key]), "x") for key, words in MOMENTS if facts.get(key))
    baseline = facts.get("baseline")
    return LineChart(
        key="tour-quality",
        title="Live quality",
        series=lines,
        x=Axis("Time", kind="time"),
        y=Axis("NDCG@10", minimum=0, maximum=1),
        thresholds=(*((Threshold("Baseline", baseline),) if baseline else ()), *moments),
        summary="Mean NDCG@10 of lists that people reacted to, in stretches of ten seconds, by the version that "
        "answered; the moments of drift, alert, decision, canary and promotion are marked.",
        empty="Nobody has come yet. The line begins with the first visitors.",
    )


def _at(moment: str) -> float:
    return dt.datetime.fromisoformat(moment).timestamp()
