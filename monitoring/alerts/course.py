"""Measures of windows held against their own past: the newest whole hour (or day) against those before."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.alerts.readings import Reading, SignalSpec, missing
from monitoring.models import Source, StaleMinute
from monitoring.services.window_reads import DAY, HOUR, Period, WindowPoint, series
from monitoring.services.window_writes import GRACE, floor
from monitoring.stats.anomaly import Anomaly, anomaly
from monitoring.stats.types import Floats
from monitoring.summaries import figures, measures

PAST = {HOUR: 14 * 24, DAY: 90}
"""Windows that are looked back on."""
SEASON = {HOUR: 24, DAY: 7}
COLUMNS = ("predictions", "errors", "error_rate", "labelled_share")
"""Known without a summary."""
FEEDBACK = ("accuracy", "mae", "rmse")


def level_of(window_seconds: int) -> int:
    """Rules of a day or longer look at days, others at hours."""
    return DAY if window_seconds >= DAY else HOUR


def newest(level: int, now: dt.datetime) -> dt.datetime:
    """The end of the newest window that is closed."""
    return floor(now - GRACE, level)


@dataclass(frozen=True)
class Course:
    """A measure over time: ``values`` and ``samples`` (n,) of evenly spaced windows, NaN where there is nothing."""

    starts: list[dt.datetime]
    values: Floats
    samples: Floats
    level: int

    def judged(self, at: int, spec: SignalSpec, minimum_sample: int) -> Anomaly:
        """The window at this place against up to PAST windows before it."""
        past = slice(max(0, at - PAST[self.level]), at)
        values = self.values[past].copy()
        if spec.needs_sample:
            values[self.samples[past] < minimum_sample] = np.nan
        # The season's first point must stand at the same place whatever was cut off in front.
        return anomaly(
            values, float(self.values[at]), SEASON[self.level], least_scale=_least_scale(spec, values, self.samples[at])
        )


def course(spec: SignalSpec, sources: Sequence[Source], level: int, end: dt.datetime, windows: int) -> Course:
    """The last ``windows`` windows until ``end``; a window before the first traffic is nothing, one after it a zero."""
    name = spec.name.partition(".")[2]
    chosen = Period("", end - dt.timedelta(seconds=level * windows), end, level)
    needed = _measures(name)
    by_start: dict[dt.datetime, list[WindowPoint]] = {}
    for point in series(sources, chosen, needed):
        by_start.setdefault(point.start, []).append(point)
    first = min((start for start, points in by_start.items() if any(one.predictions for one in points)), default=end)
    values, samples = np.full(windows, np.nan), np.zeros(windows)
    for place, start in enumerate(chosen.starts):
        if start >= first:
            values[place], samples[place] = _figure(name, by_start.get(start, []), needed)
    return Course(chosen.starts, values, samples, level)


def read(
    spec: SignalSpec, sources: Sequence[Source], window_seconds: int, minimum_sample: int, now: dt.datetime
) -> Reading:
    level = level_of(window_seconds)
    end = newest(level, now)
    start = end - dt.timedelta(seconds=level)
    evidence: dict[str, Any] = {"tab": spec.tab, "from": start.isoformat(), "to": end.isoformat()}
    ids = [one.pk for one in sources]
    if StaleMinute.objects.filter(source__in=ids, minute__gte=start, minute__lt=end).exists():
        return missing("Rows of the newest window are not counted yet.", None, **evidence)
    found = course(spec, sources, level, end, PAST[level] + 1)
    value, sample = float(found.values[-1]), int(found.samples[-1])
    if not math.isfinite(value):
        return missing(f"There is no value of “{spec.title}” {_when(level, start)}.", end, sample, **evidence)
    if spec.needs_sample and sample < minimum_sample:
        why = f"Not enough data yet: {sample:,} of {minimum_sample:,} {_when(level, start)}."
        return missing(why, end, sample, **evidence)
    judged = found.judged(len(found.values) - 1, spec, minimum_sample)
    if judged.z is None:
        why = f"{spec.title} has {judged.n} earlier windows with a value; 30 are needed to know what is ordinary."
        return missing(why, end, sample, **evidence)
    evidence |= {"expected": judged.expected, "low": judged.low, "high": judged.high, "seasonal": judged.seasonal}
    used = sample if spec.needs_sample else None
    return Reading(distance(spec, judged.z), used, end, _sentence(spec, judged, level, start), evidence, value)


def distance(spec: SignalSpec, z: float) -> float:
    """Robust standard deviations towards the bad side."""
    return {"above": z, "below": -z, "both": abs(z)}[spec.worse]


def _sentence(spec: SignalSpec, judged: Anomaly, level: int, start: dt.datetime) -> str:
    like = ("the same hour of the last days" if level == HOUR else "the same day of the week") if judged.seasonal else (
        f"the last {judged.n} windows"
    )  # fmt: skip
    # What cannot be below zero is not said to be ordinary there.
    low = max(judged.low or 0.0, 0.0)
    side = "above" if (judged.z or 0) > 0 else "below"
    return (
        f"{spec.title}: {spec.figure(judged.value)} {_when(level, start)}, {abs(judged.z or 0):.1f} robust standard "
        f"deviations {side} the {spec.figure(judged.expected)} that {like} let expect (ordinary are "
        f"{spec.figure(low)} to {spec.figure(judged.high)})."
    )


def _when(level: int, start: dt.datetime) -> str:
    return f"in the hour from {start:%Y-%m-%d %H:%M} UTC" if level == HOUR else f"on {start:%Y-%m-%d}"


def _measures(name: str) -> tuple[str, ...]:
    if name in COLUMNS:
        return ()
    for ending, measure in (
        ("_at_10", "judged"), ("accuracy", "classes"), ("mae", "numbers"), ("rmse", "numbers"),
        ("confidence", "confidence"), ("_users", "users"), ("_items", "items"), ("fallback_share", "counts"),
    ):  # fmt: skip
        if name.endswith(ending):
            return (measure,)
    return ("latency",)


def _figure(name: str, points: Sequence[WindowPoint], needed: Sequence[str]) -> tuple[float, float]:
    """(value or NaN, cases it rests on) of all sources together."""
    predictions = sum(one.predictions for one in points)
    errors, labelled = sum(one.errors for one in points), sum(one.labelled for one in points)
    known: dict[str, float] = {"predictions": predictions, "errors": errors}
    if predictions:
        known |= {"error_rate": errors / predictions, "labelled_share": labelled / predictions}
    if needed and points:
        summary = measures.merge([one.summary for one in points], needed)
        known = figures.traffic(summary) | figures.quality(summary) | known
    rests_on = labelled if name in FEEDBACK or name.endswith("_at_10") else predictions
    return float(known.get(name, math.nan)), float(rests_on)


def _least_scale(spec: SignalSpec, past: Floats, sample: float) -> float | None:
    """What chance alone moves a figure by: √expected for counts (Poisson), √(p(1 − p)/n) for shares and the like.

    So that one failure after days of none is no anomaly. None for figures whose scatter only their past tells.
    """
    known = past[np.isfinite(past)]
    middle = float(np.median(known)) if len(known) else 0.0
    if spec.unit == "count":
        return math.sqrt(max(middle, 1.0))
    if spec.unit == "share" or spec.name.endswith("_at_10"):
        n = max(sample, 1.0)
        p = min(max(middle, 1 / n), 1 - 1 / n) if n > 1 else 0.5
        return max(math.sqrt(p * (1 - p) / n), 0.005)
    return None
