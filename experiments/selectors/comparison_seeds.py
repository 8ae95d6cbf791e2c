"""How far a figure moves when nothing but the seed changes: repeats of each compared run.

Repeats are completed runs of the workspace with the same settings hash, the run itself among them. Fits are
deterministic, so two runs that share their seeds as well are one repeat, not two.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Avg, Count, StdDev

from experiments.models import Experiment, JobStatus, MetricValue
from experiments.selectors.comparison import MetricKey
from mlopspro.accounts.models import Workspace

MOST_REPEATS = 500
"""Of all compared runs together; the newest are counted."""


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation (n - 1) over ``count`` seeds, at least two."""

    mean: float
    deviation: float
    count: int


@dataclass(frozen=True)
class Repeats:
    """Repeats of one configuration, the newest first, and how their figures spread."""

    ids: tuple[uuid.UUID, ...]
    seeds: tuple[int, ...]
    spreads: Mapping[MetricKey, Spread] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.ids)


def repeats_of(workspace: Workspace, runs: Sequence[Experiment]) -> dict[str, Repeats]:
    """By settings hash, those with two repeats or more: two queries, however many repeats there are."""
    hashes = {run.settings_hash for run in runs if run.settings_hash}
    if not hashes:
        return {}
    rows = Experiment.objects.filter(
        workspace=workspace, settings_hash__in=hashes, status=JobStatus.COMPLETED, deleted_at__isnull=True
    )
    found: dict[str, dict[str, tuple[uuid.UUID, int]]] = {}
    newest = rows.order_by("-created_at").values_list("settings_hash", "config_hash", "id", "seed")[:MOST_REPEATS]
    for settings, config, pk, seed in newest:
        found.setdefault(settings, {}).setdefault(config, (pk, seed))
    several = {settings: list(made.values()) for settings, made in found.items() if len(made) > 1}
    spreads = _spreads([pk for made in several.values() for pk, _ in made])
    return {
        settings: Repeats(tuple(pk for pk, _ in made), tuple(seed for _, seed in made), spreads.get(settings, {}))
        for settings, made in several.items()
    }


def _spreads(ids: Sequence[uuid.UUID]) -> dict[str, dict[MetricKey, Spread]]:
    if not ids:
        return {}
    rows = MetricValue.objects.filter(experiment__in=ids, segment="all", value__isnull=False).order_by()
    grouped = rows.values_list("experiment__settings_hash", "protocol", "name").annotate(
        mean=Avg("value"), deviation=StdDev("value", sample=True), count=Count("value")
    )
    found: dict[str, dict[MetricKey, Spread]] = {}
    for settings, protocol, name, mean, deviation, count in grouped:
        if count > 1 and deviation is not None:
            found.setdefault(settings, {})[protocol, name] = Spread(mean, deviation, count)
    return found
