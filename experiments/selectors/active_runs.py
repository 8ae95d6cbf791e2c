"""Runs in work, and the few figures that stand beside runs in short lists."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.models import Experiment
from experiments.models.job import ACTIVE
from mlopspro.accounts.models import Workspace

SHOWN = 8
"""In short lists; all are in the history."""


@dataclass(frozen=True)
class Figure:
    """A headline figure that stands beside a run; fewer than the history shows."""

    protocol: str
    name: str
    label: str


FIGURES = (
    Figure("rated", "f1_at_10", "F1@10"),
    Figure("catalogue", "ndcg_at_10", "NDCG@10"),
    Figure("pointwise", "rmse", "RMSE"),
)


def active_runs(workspace: Workspace) -> list[Experiment]:
    """Runs that wait for our workers or run on them, running ones first, the longest waiting next: one query."""
    rows = Experiment.objects.filter(
        Experiment.WORKED_OFF, workspace=workspace, status__in=list(ACTIVE), deleted_at__isnull=True
    )
    return list(rows.select_related("dataset").order_by("-status", "queued_at", "pk"))
