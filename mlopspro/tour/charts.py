"""The tour's one chart: live quality by version since the first visitors, with the moments at which something happened.

Moments bear the number of their step, as several may lie within seconds.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from mlopspro.core.charts import Axis, LineChart, Series, Threshold
from mlopspro.tour.course import STEP

MOMENTS = {
    "change": "drift_at",
    "alert": "alert_at",
    "decision": "decision_at",
    "gate": "canary_at",
    "canary": "promoted_at",
}
"""By the key of a step the fact that says when it happened."""
LEAST = 5
"""Lists below which a stretch is not drawn: one list says nothing."""


def quality(facts: dict[str, Any], numbers: dict[str, int]) -> LineChart:
    """Empty before people come.

    Args:
        facts: of a tour.
        numbers: of its steps by key.
    """
    begin = _at(facts["live_at"]) if facts.get("live_at") else 0.0
    points = [one for one in facts.get("course", []) if one[3] >= LEAST]
    versions = list(dict.fromkeys(number for _, number, _, _ in points))
    lines = tuple(
        Series(
            f"Version {number}",
            tuple((at + STEP / 2 - begin, value) for at, own, value, _ in points if own == number),
            place,
        )
        for place, number in enumerate(versions, 1)
    )
    moments = tuple(
        Threshold(str(numbers[key]), _at(facts[fact]) - begin, "x")
        for key, fact in MOMENTS.items()
        if facts.get(fact) and key in numbers
    )
    baseline = facts.get("baseline")
    return LineChart(
        key="tour-quality",
        title="Live quality",
        series=lines,
        x=Axis("Since the first visitors", kind="duration", minimum=0),
        y=Axis("NDCG@10", minimum=0),
        thresholds=(*((Threshold("Baseline", baseline),) if baseline else ()), *moments),
        summary=f"Mean NDCG@10 of lists that people reacted to, in stretches of {STEP} seconds, by the version that "
        "answered. Upright lines are steps of the tour by their number.",
        empty="Nobody has come yet. The line begins with the first visitors.",
    )


def _at(moment: str) -> float:
    return dt.datetime.fromisoformat(moment).timestamp()
