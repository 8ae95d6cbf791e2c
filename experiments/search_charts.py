"""Charts of a search: what trials reached in their order, and which parameters led there."""

from __future__ import annotations

from itertools import accumulate
from typing import Any
from uuid import UUID

from experiments.explore_charts import address_of
from experiments.selectors.searches import SearchState
from experiments.services.search_trials import TrialRow
from mlopspro.core.charts import Axis, LineChart, Series
from mlopspro.core.formats import as_float
from mlopspro.core.parallel import ParallelAxis, ParallelChart

NOBODY = UUID(int=0)
LONGEST_LABEL = 18
"""Longer ones do not fit above an axis; the parameter's name stands there instead."""


def reached(state: SearchState) -> LineChart:
    """The value of each trial, and the best so far."""
    done = [row for row in state.rows if row.value is not None]
    better = max if state.search.maximise else min
    best = list(accumulate((row.value or 0.0 for row in done), better))
    series = (
        Series(
            "Trials",
            tuple((row.number, row.value) for row in done),
            1,
            drawn="points",
            names=tuple(f"Trial {row.number}" for row in done),
            links=tuple(address_of(row.run.pk) for row in done),
        ),
        Series(
            "Best so far", tuple((row.number, value) for row, value in zip(done, best, strict=True)), 2, drawn="steps"
        ),
    )
    return LineChart(
        key="search-reached",
        title=f"{state.metric_label} by trial",
        series=series,
        x=Axis("Trial", kind="integer", minimum=0),
        y=Axis(f"{state.metric_label}, validation", "" if state.search.maximise else "lower is better"),
        empty="The first point appears when the first trial is done.",
    )


def parallel(state: SearchState) -> ParallelChart:
    """Every completed trial as a line from its parameters to what it reached."""
    done = [row for row in state.rows if row.value is not None]
    value = ParallelAxis(
        key="value",
        label=state.metric_label,
        values=tuple(row.value for row in done),
        term=f"metrics.validation.{state.search.metric.partition('.')[2]}",
        hint="validation",
    )
    axes = [_axis(one.name, one.label, one.is_log, done) for one in state.parameters]
    return ParallelChart(
        key="search",
        title=f"Parameters and {state.metric_label}",
        names=tuple(f"Trial {row.number}" for row in done),
        ids=tuple(str(row.run.pk) for row in done),
        link=address_of(NOBODY).replace(str(NOBODY), "{id}"),
        axes=(*axes, value),
        colour=value,
        baseline=str(state.best.run.pk) if state.best else "",
        empty="Lines appear with the first completed trials.",
    )


def _axis(name: str, label: str, is_log: bool, done: list[TrialRow]) -> ParallelAxis:
    values: tuple[Any, ...] = tuple(row.run.parameters.get(name) for row in done)
    words = any(isinstance(value, bool | str) for value in values)
    return ParallelAxis(
        key=name,
        label=label if len(label) <= LONGEST_LABEL else name,
        values=tuple(str(value) if value is not None else None for value in values)
        if words
        else tuple(as_float(value) for value in values),
        term=f"params.{name}",
        scale="words" if words else "log" if is_log else "linear",
    )
