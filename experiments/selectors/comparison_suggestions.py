"""Runs that one may want to compare: the latest of one dataset and split, or those whose name one remembers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet

from experiments.models import Experiment, JobStatus
from experiments.selectors.comparison import MOST, Selection
from mlopspro.accounts.models import Workspace

LOOKED_AT = 60
SEARCHED = 5_000
"""The newest runs; older ones are found in the history, whose search has an index."""
SHOWN = 8


def latest_sets(workspace: Workspace, limit: int = 3, size: int = 4) -> list[list[Experiment]]:
    """Sets of the latest completed runs that share dataset and split, each with two runs or more: one query."""
    found: dict[tuple[uuid.UUID | None, str], list[Experiment]] = {}
    for run in _completed(workspace)[:LOOKED_AT]:
        found.setdefault((run.dataset_id, _split(run.split)), []).append(run)
    return [runs[:size] for runs in found.values() if len(runs) > 1][:limit]


def to_add(workspace: Workspace, selection: Selection, search: str = "") -> list[Experiment]:
    """Runs to put beside those that are chosen: by name or id, or the latest comparable ones. One query."""
    chosen = [one.run.pk for one in selection.runs]
    if len(chosen) >= MOST:
        return []
    if search:
        return _named(workspace, search, chosen)
    reference = selection.reference
    if reference is None or reference.run.dataset_id is None:
        return list(_completed(workspace).exclude(pk__in=chosen)[:SHOWN])
    alike = _completed(workspace).filter(dataset=reference.run.dataset_id).exclude(pk__in=chosen)
    rows = alike[:LOOKED_AT]
    return [run for run in rows if _split(run.split) == _split(reference.run.split)][:SHOWN]


def _named(workspace: Workspace, search: str, chosen: Collection[uuid.UUID]) -> list[Experiment]:
    rows = Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True).order_by("-created_at", "id")
    try:
        rows = rows.filter(pk=uuid.UUID(search))
    except ValueError:
        rows = rows.filter(pk__in=rows.values("pk")[:SEARCHED], name__icontains=search)
    return list(rows.exclude(pk__in=chosen).select_related("dataset")[:SHOWN])


def _completed(workspace: Workspace) -> QuerySet[Experiment]:
    rows = Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True, status=JobStatus.COMPLETED)
    return rows.select_related("dataset").order_by("-created_at", "id")


def _split(split: dict[str, Any]) -> str:
    return json.dumps(split, sort_keys=True)
