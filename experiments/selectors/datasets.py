"""Reads for pages about datasets. Each states what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from django.core.paginator import Page, Paginator
from django.db.models import Count, Q, QuerySet

from experiments.learning.data.quarantine import COLUMNS
from experiments.learning.data.snapshot import read_refused
from experiments.models import Dataset, DatasetImport, Experiment
from experiments.models.job import ACTIVE, JobStatus
from mlopspro.accounts.models import Workspace

PAGE_SIZE = 50
CHOICES = 500
"""Datasets offered in a choice; the newest. The address takes any: /training/?dataset=<id>."""


def listed(workspace: Workspace, *, deleted: bool = False) -> QuerySet[Dataset]:
    """Datasets of a workspace (or those deleted), the newest first, with ``num_runs``; no query yet."""
    rows = Dataset.objects.filter(workspace=workspace, deleted_at__isnull=not deleted).select_related("created_by")
    runs = Count("experiments", filter=Q(experiments__deleted_at__isnull=True))
    return rows.annotate(num_runs=runs).defer("statistics", "findings").order_by("-created_at", "id")


def page_of(workspace: Workspace, number: int | str, *, deleted: bool = False) -> Page[Dataset]:
    """One page of 50: two queries whatever the number of datasets."""
    return Paginator(listed(workspace, deleted=deleted), PAGE_SIZE).get_page(number)


def choices(workspace: Workspace, wanted: Dataset | None = None) -> list[Dataset]:
    """What can be trained on, the newest first, and ``wanted`` in any case: one query."""
    rows = Dataset.objects.filter(workspace=workspace, deleted_at__isnull=True).defer("statistics", "findings")
    found = list(rows.order_by("-created_at", "id")[:CHOICES])
    if wanted is not None and all(row.pk != wanted.pk for row in found):
        found.append(wanted)
    return found


def open_imports(workspace: Workspace) -> list[DatasetImport]:
    """Imports that wait for a person or a worker, or failed within the last few: one query."""
    states = [JobStatus.DRAFT, *ACTIVE, JobStatus.FAILED]
    rows = DatasetImport.objects.filter(workspace=workspace, status__in=states, dataset__isnull=True)
    return list(rows.defer("detected").order_by("-created_at")[:10])


def runs_on(dataset: Dataset, limit: int = 10) -> tuple[list[Experiment], int]:
    """The newest runs made from a dataset, and how many there are: two queries."""
    rows = Experiment.objects.filter(dataset=dataset, deleted_at__isnull=True)
    return list(rows.order_by("-created_at", "id")[:limit]), rows.count()


class RefusedRows(Sequence[dict[str, Any]]):
    """Rows that were refused or merged, with kind, file, line, reason and raw text, made one page at a time."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def __len__(self) -> int:
        return len(self.frame)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.frame.iloc[index].to_dict("records")
        return self.frame.iloc[index].to_dict()


def refused_rows(dataset: Dataset, kind: str = "") -> RefusedRows:
    """What was refused or merged, from the snapshot. ``kind``: refused, duplicate, feature, or all. No query."""
    if not dataset.source.get("report", {}).get("listed"):
        return RefusedRows(pd.DataFrame(columns=list(COLUMNS)))
    frame = read_refused(dataset.path)
    return RefusedRows(frame[frame["kind"] == kind] if kind else frame)
