"""A signal over time against what it is held against, on the page of an alert and while a rule is tried out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from mlopspro.core.charts import Axis, LineChart, Series, Threshold
from monitoring.alerts.lifecycle import Terms
from monitoring.alerts.past import Past
from monitoring.alerts.readings import UNITS, SignalSpec

EMPTY = "Nothing of this signal is kept for this stretch of time."


def course(
    spec: SignalSpec, past: Past, terms: Terms, *, key: str, marks: Sequence[tuple[str, dt.datetime]] = ()
) -> LineChart:
    """``marks`` are moments on the axis of time, such as when the alert opened."""
    points = tuple((at.timestamp(), value) for at, value in past.figures)
    lines = [Series(spec.title, points, 1)]
    if past.high:
        places = [at.timestamp() for at, _ in past.figures]
        lines += [
            Series(name, tuple(zip(places, values, strict=True)), "reference", dashed=True)
            for name, values in (("Ordinary, at least", past.low), ("Ordinary, at most", past.high))
        ]
    times = tuple(Threshold(label, at.timestamp(), "x") for label, at in marks)
    return LineChart(
        key=key,
        title=f"{spec.title} over time",
        series=tuple(lines),
        x=Axis("Time", kind="time"),
        y=Axis(
            spec.title,
            UNITS.get(spec.unit, ""),
            kind="share" if spec.unit == "share" else "number",
            minimum=0 if spec.unit == "count" else None,
        ),
        thresholds=(*_limits(spec, terms), *times),
        empty=EMPTY,
    )


def _limits(spec: SignalSpec, terms: Terms) -> tuple[Threshold, ...]:
    if spec.is_series:
        return ()
    return (Threshold(f"bad {terms.comparison} {spec.figure(terms.threshold)}", terms.threshold),)
