"""What the history's table shows in its cells: values, which of them are best, and their change from the baseline.

Best and change are only told where they can be: figures of different data are never set against each other in
silence. No queries.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.models import Experiment
from experiments.selectors.columns import Column
from experiments.selectors.marks import Marks
from mlopspro.core import formats

Values = Mapping[uuid.UUID, Mapping[str, Any]]


@dataclass(frozen=True)
class OtherData:
    """Why two runs' figures are not of the same data: in a word, and in a sentence."""

    mark: str
    words: str


@dataclass(frozen=True)
class Delta:
    """A change from the baseline."""

    difference: float
    change: formats.Change
    other_data: OtherData | None = None


@dataclass(frozen=True)
class Cell:
    column: Column
    value: Any
    best: str = ""
    delta: Delta | None = None


@dataclass(frozen=True)
class Row:
    run: Experiment
    cells: tuple[Cell, ...]
    is_pinned: bool = False
    is_baseline: bool = False


def rows_of(runs: Sequence[Experiment], columns: Sequence[Column], values: Values, marks: Marks) -> list[Row]:
    """One row a run, in their order. ``runs`` are all that the page shows: the best is looked for among them.

    The baseline is the run that ``marks`` names, where it is among them.
    """
    baseline = next((run for run in runs if run.pk == marks.baseline), None)
    reference = values.get(baseline.pk, {}) if baseline else {}
    best = _best_of_each(runs, [column for column in columns if column.kind == "metric"], values)
    rows = []
    for run in runs:
        found = values.get(run.pk, {})
        compared = baseline is not None and run.pk != baseline.pk
        other_data = difference_of_data(run, baseline) if compared and baseline else None
        cells = tuple(
            Cell(
                column,
                found.get(column.key),
                best.get((column.key, run.pk), ""),
                _delta(column, found, reference, other_data) if compared else None,
            )
            for column in columns
        )
        rows.append(Row(run, cells, run.pk in marks.pinned, run.pk == marks.baseline))
    return rows


def data_of(run: Experiment) -> tuple[str, str]:
    """What a run was measured on: digest of its dataset, and its split whatever the draw. Empty where not known."""
    if run.dataset is None:
        return "", ""
    split = {key: value for key, value in run.split.items() if key != "seed"}
    return run.dataset.sha256, json.dumps(split, sort_keys=True)


def difference_of_data(run: Experiment, baseline: Experiment) -> OtherData | None:
    """What makes figures of the two hard to compare; None where they are of the same test data."""
    ours, theirs = run.dataset, baseline.dataset
    if ours is None or theirs is None:
        return OtherData("? data", "Not known to be the same data: one of the two was logged elsewhere.")
    if ours.sha256 != theirs.sha256:
        return OtherData("≠ data", f"Not the same data: {ours.name} here, {theirs.name} for the baseline.")
    if run.split != baseline.split:
        words = f"Not the same test data: {_split(run)} here, {_split(baseline)} for the baseline."
        return OtherData("≠ split", words)
    return None


def _split(run: Experiment) -> str:
    method = str(run.split.get("method", "unknown")).replace("_", " ")
    share, seed = run.split.get("test_share"), run.split.get("seed")
    parts = [f"split {method}"]
    if isinstance(share, (int, float)) and method in ("random", "time"):
        parts.append(f"test share {share:g}")
    if method == "random":
        parts.append(f"seed {seed}")
    return ", ".join(parts)


def _best_of_each(
    runs: Sequence[Experiment], columns: Sequence[Column], values: Values
) -> dict[tuple[str, uuid.UUID], str]:
    """(column key, run id) → words, for the best of each group of runs that were measured on the same data."""
    groups: dict[tuple[str, str], list[Experiment]] = {}
    for run in runs:
        groups.setdefault(data_of(run), []).append(run)
    found: dict[tuple[str, uuid.UUID], str] = {}
    for group in groups.values():
        where = group[0].dataset.name if group[0].dataset else "data not known here"
        for column in columns:
            figures = {run.pk: formats.as_float(values.get(run.pk, {}).get(column.key)) for run in group}
            known = {pk: figure for pk, figure in figures.items() if figure is not None}
            words = f"{_superlative(column)} of {len(known)} on this page, {where}"
            found |= {(column.key, pk): words for pk in _best(known, column)}
    return found


def _superlative(column: Column) -> str:
    """Of a metric that was logged elsewhere the better way is only guessed from its name, so no more is said."""
    if column.protocol != "logged":
        return "Best"
    return "Highest" if column.higher_is_better else "Lowest"


def _best(figures: Mapping[uuid.UUID, float], column: Column) -> list[uuid.UUID]:
    """None where the direction is not known, or where all are equal."""
    if column.higher_is_better is None or not figures:
        return []
    low, high = min(figures.values()), max(figures.values())
    wanted = high if column.higher_is_better else low
    return [pk for pk, figure in figures.items() if figure == wanted] if low != high else []


def _delta(
    column: Column, found: Mapping[str, Any], reference: Mapping[str, Any], other_data: OtherData | None
) -> Delta | None:
    """A column has one protocol, so two values in it were measured by the same one."""
    if column.kind != "metric":
        return None
    value, against = formats.as_float(found.get(column.key)), formats.as_float(reference.get(column.key))
    if value is None or against is None:
        return None
    better: formats.Better = "neither"
    if other_data is None and column.higher_is_better is not None:
        better = "higher" if column.higher_is_better else "lower"
    return Delta(value - against, formats.change(value - against, better), other_data)
