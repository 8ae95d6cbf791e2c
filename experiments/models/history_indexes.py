"""Indexes by which the history finds and orders runs (experiments.selectors.search)."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Func, Q

LIVE = Q(deleted_at__isnull=True)
DELETED = Q(deleted_at__isnull=False)


def history_indexes() -> list[models.Index]:
    """Each begins with the workspace and ends with the run's id, so that a page starts at its place in the index.

    Those of few values go on by age: the newest runs of one status, dataset or person. Runs of the usual type and
    origin are nearly all of them and need no index.
    """
    return [
        models.Index(fields=["workspace", "created_at", "id"], condition=LIVE, name="experiment_recent"),
        models.Index(fields=["workspace", "created_at", "id"], condition=DELETED, name="experiment_deleted"),
        models.Index(fields=["workspace", "name", "id"], condition=LIVE, name="experiment_named"),
        _by_age("status"),
        _by_age("architecture"),
        _by_age("model_type"),
        _by_age("dataset"),
        _by_age("created_by"),
        _by_age("origin", ~Q(origin="here")),
        _by_age("run_type", ~Q(run_type="train")),
        models.Index("workspace", F("finished_at") - F("started_at"), "id", condition=LIVE, name="experiment_duration"),
        GinIndex(Func(F("name"), function="experiments_trigrams"), name="experiment_name_trigrams"),
    ]


def _by_age(column: str, some: Q | None = None) -> models.Index:
    condition = LIVE if some is None else LIVE & some
    return models.Index(
        fields=["workspace", column, "created_at", "id"], condition=condition, name=f"experiment_by_{column}"
    )
