"""Curves of a run that was logged elsewhere: points of every metric by step, thinned to what a page can hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from experiments.services.logged_run_content import KEY_LENGTH, by_importance, clean, finite, moment
from experiments.tracking.protocol import TrackerUnavailable
from experiments.tracking.reader import FoundRun, Point, ReadFailed, RunReader

MAX_STEPS = 2000
MAX_STEP = 2**31 - 1
MAX_CURVES = 100
MAX_POINTS = 50_000
"""Points of one metric that are read."""


@dataclass(frozen=True)
class Step:
    """Every figure of one step, by the metric's name; None where it is not finite."""

    number: int
    values: dict[str, float | None]
    at: dt.datetime


@dataclass
class History:
    """Steps in order, what was left out, and whether all of it could be read."""

    steps: list[Step] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    complete: bool = True


def read_history(reader: RunReader, run: FoundRun) -> History:
    """The history of each metric that was logged with steps: one request a metric.

    Raises TrackerUnavailable; a metric that cannot be read is left out and said to be.
    """
    found = History()
    names = sorted((name for name, last in run.metrics.items() if last.step != 0), key=by_importance)
    if len(names) > MAX_CURVES:
        found.remarks.append(f"Curves of {MAX_CURVES} of {len(names):,} metrics are read.")
    points: dict[str, list[Point]] = {}
    for name in names[:MAX_CURVES]:
        try:
            points[clean(name)[:KEY_LENGTH]], whole = reader.history(run.external_id, name, MAX_POINTS)
        except TrackerUnavailable:
            raise
        except ReadFailed as error:
            found.complete = False
            found.remarks.append(f"The curve of {clean(name)} could not be read: {error}.")
            continue
        if not whole:
            found.remarks.append(f"The first {MAX_POINTS:,} points of {clean(name)} are read.")
    steps, left_out = by_step(points)
    if left_out:
        found.remarks.append(f"{left_out:,} points at steps below 0 or above {MAX_STEP:,} are left out.")
    found.steps = thinned(steps)
    if len(found.steps) < len(steps):
        found.remarks.append(
            f"{len(steps):,} steps are thinned to {len(found.steps):,}; "
            "each has the last figures of those it stands for."
        )
    return found


def by_step(points: Mapping[str, Iterable[Point]]) -> tuple[list[Step], int]:
    """Steps in order, and the number of points whose step cannot be one. Of two points at a step the later counts."""
    values: dict[int, dict[str, float | None]] = {}
    latest: dict[int, int] = {}
    left_out = 0
    for name, series in points.items():
        for point in sorted(series, key=lambda one: one.at):
            if not 0 <= point.step <= MAX_STEP:
                left_out += 1
                continue
            values.setdefault(point.step, {})[name] = finite(point.value)
            latest[point.step] = max(latest.get(point.step, 0), point.at)
    epoch = dt.datetime.fromtimestamp(0, dt.UTC)
    return [Step(number, values[number], moment(latest[number]) or epoch) for number in sorted(values)], left_out


def thinned(steps: list[Step], limit: int = MAX_STEPS) -> list[Step]:
    """At most ``limit`` steps: neighbours are put together under the last of them, with the last figure of each
    metric among them, so that a metric logged at every hundredth step is not lost. The last step is always kept."""
    count = len(steps)
    if count <= limit:
        return steps
    kept = []
    for number in range(limit):
        group = steps[number * count // limit : (number + 1) * count // limit]
        values: dict[str, float | None] = {}
        for step in group:
            values |= step.values
        kept.append(Step(group[-1].number, values, group[-1].at))
    return kept
