"""What the home page tells: what runs, what ended, what data there is, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.models import Dataset, DatasetImport, Experiment
from experiments.models.job import ACTIVE, JobStatus
from experiments.selectors import datasets as dataset_rows
from mlopspro.accounts.models import Workspace

SHOWN = 8


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


@dataclass(frozen=True)
class Overview:
    active: list[Experiment]
    active_count: int
    imports: list[DatasetImport]
    recent: list[Experiment]
    datasets: list[Dataset]

    @property
    def is_empty(self) -> bool:
        return not (self.active or self.imports or self.recent or self.datasets)

    @property
    def failed(self) -> list[Experiment]:
        """Recent runs of ours that ended badly; those logged elsewhere are somebody else's to look at."""
        return [run for run in self.recent if run.state is JobStatus.FAILED and not run.is_logged]

    @property
    def drafts(self) -> list[DatasetImport]:
        """Uploads that wait for a person to say how they are read."""
        return [job for job in self.imports if job.state is JobStatus.DRAFT]

    @property
    def failed_imports(self) -> list[DatasetImport]:
        return [job for job in self.imports if job.state is JobStatus.FAILED]

    @property
    def active_imports(self) -> list[DatasetImport]:
        return [job for job in self.imports if job.is_active]

    @property
    def needs_somebody(self) -> bool:
        return bool(self.failed or self.drafts or self.failed_imports)

    @property
    def columns(self) -> tuple[Figure, ...]:
        return FIGURES


def active_runs(workspace: Workspace) -> list[Experiment]:
    """Runs that wait for our workers or run on them, running ones first, the longest waiting next: one query."""
    rows = Experiment.objects.filter(
        Experiment.WORKED_OFF, workspace=workspace, status__in=list(ACTIVE), deleted_at__isnull=True
    )
    return list(rows.select_related("dataset").order_by("-status", "queued_at", "pk"))


def overview(workspace: Workspace) -> Overview:
    """Four queries whatever the number of rows."""
    active = active_runs(workspace)
    rows = Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True).exclude(status__in=list(ACTIVE))
    recent = list(rows.select_related("dataset", "created_by").order_by("-created_at", "id")[:SHOWN])
    return Overview(
        active=active[:SHOWN],
        active_count=len(active),
        imports=dataset_rows.open_imports(workspace),
        recent=recent,
        datasets=list(dataset_rows.listed(workspace)[:SHOWN]),
    )
