"""Curves of several runs, thinned by the database so that long ones cost a page no more than short ones."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import starmap
from typing import Any, NamedTuple

from django.contrib.postgres.aggregates import ArrayAgg, JSONBAgg
from django.db.models import BooleanField, ExpressionWrapper, Max, Min, Q
from django.db.models.functions import Extract, Mod
from django.db.models.lookups import Exact

from experiments.models import EpochMetrics, Experiment
from mlopspro.core.formats import as_float, number

POINTS = 125
"""About as many points a curve as there are pixels to tell them apart by; the best and the last epoch come besides."""
LOSSES = ("train_loss", "val_loss")
LABELS = {"train_loss": "Training loss", "val_loss": "Validation loss"}


class Epoch(NamedTuple):
    """One drawn epoch of a run. Values that are missing, NaN or infinite are None and draw a gap."""

    epoch: int
    values: Mapping[str, Any]
    at: float
    """Seconds since 1970."""

    def value(self, name: str) -> float | None:
        return as_float(self.values.get(name))


@dataclass(frozen=True)
class Curves:
    """Drawn epochs of each run, and of how many they were taken."""

    epochs: Mapping[uuid.UUID, Sequence[Epoch]]
    last: Mapping[uuid.UUID, int]
    steps: Mapping[uuid.UUID, int]

    @cached_property
    def names(self) -> list[str]:
        """Every figure that any run reported by epoch, the losses first."""
        seen = dict.fromkeys(name for rows in self.epochs.values() for row in rows for name in row.values)
        return [*(name for name in LOSSES if name in seen), *sorted(name for name in seen if name not in LOSSES)]

    @property
    def note(self) -> str:
        """What was left out, in a sentence; empty where everything is drawn."""
        longest: dict[int, int] = {}
        for pk, step in self.steps.items():
            if step > 1:
                longest[step] = max(longest.get(step, 0), self.last[pk])
        if not longest:
            return ""
        parts = [f"every {ordinal(step)} of {number(longest[step])} epochs" for step in sorted(longest, reverse=True)]
        return f"Drawn is {', '.join(parts)}, with the first, the best and the last."

    def at(self, run: Experiment, name: str, *, best: bool) -> float | None:
        """A figure at the run's best epoch, or at its last."""
        rows = self.epochs.get(run.pk, ())
        if best:
            return next((row.value(name) for row in rows if row.epoch == run.best_epoch), None)
        return rows[-1].value(name) if rows else None


def ordinal(step: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(step, f"{step}th")


def curves_of(runs: Sequence[Experiment], points: int = POINTS) -> Curves:
    """About ``points`` evenly spaced epochs of each run, and its first, best and last: two queries."""
    rows = EpochMetrics.objects.filter(experiment__in=[run.pk for run in runs]).order_by()
    ends = rows.values("experiment").annotate(first=Min("epoch"), last=Max("epoch"))
    spans = {pk: (first, last) for pk, first, last in ends.values_list("experiment", "first", "last")}
    steps = {pk: max(1, -(-(last - first + 1) // points)) for pk, (first, last) in spans.items()}
    epochs: dict[uuid.UUID, list[Epoch]] = {pk: [] for pk in spans}
    if spans:
        # One row a run: a thousand small JSON objects are read faster as one.
        found = EpochMetrics.objects.filter(_drawn(runs, spans, steps)).order_by().values("experiment")
        for row in found.annotate(
            numbers=ArrayAgg("epoch", order_by="epoch"),
            figures=JSONBAgg("values", order_by="epoch"),
            times=ArrayAgg(Extract("recorded_at", "epoch", tzinfo=dt.UTC), order_by="epoch"),
        ):
            drawn = zip(row["numbers"], row["figures"], map(float, row["times"]), strict=True)
            epochs[row["experiment"]] = list(starmap(Epoch, drawn))
    return Curves(epochs, {pk: last for pk, (_, last) in spans.items()}, steps)


def _drawn(runs: Sequence[Experiment], spans: Mapping[uuid.UUID, tuple[int, int]], steps: Mapping[uuid.UUID, int]) -> Q:
    """Which rows are drawn; runs with the same step share one condition."""
    found = Q(pk__in=[])
    for step in set(steps.values()):
        ids = [pk for pk in steps if steps[pk] == step]
        evenly = ExpressionWrapper(Exact(Mod("epoch", step), 0), BooleanField())
        found |= Q(experiment__in=ids) & (Q(evenly) if step > 1 else Q())
    for run in runs:
        if steps.get(run.pk, 1) > 1:
            kept = {*spans[run.pk], *([run.best_epoch] if run.best_epoch is not None else [])}
            found |= Q(experiment=run.pk, epoch__in=kept)
    return found
