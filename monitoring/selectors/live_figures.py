"""What only /metrics asks: predictions by version, what is live, the registry, sizes of partitions, losses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.db import connection
from django.db.models import Count, F, Model, QuerySet, Sum

from experiments.models import Deployment, ModelVersion
from mlopspro.accounts.models import Workspace
from monitoring.models import LogLoss, Window

Row = TypeVar("Row", bound=Model)
PARENTS = ("monitoring_prediction", "monitoring_feedback")


@dataclass(frozen=True)
class Served:
    """Predictions of one source since the beginning, by its days' windows."""

    workspace: str
    model: str
    version: str
    role: str
    predictions: int
    errors: int
    labelled: int


@dataclass(frozen=True)
class LiveVersion:
    workspace: str
    model: str
    version: str
    role: str
    share: float


def served(workspace: Workspace | None) -> list[Served]:
    """One query over windows of days: it grows with sources and days, never with predictions."""
    rows = _of(Window.objects.filter(level=Window.Level.DAY), "source__workspace", workspace)
    source = ("source__workspace__slug", "source__model__name", "source__label", "source__role")
    number = ("source__version__major", "source__version__minor", "source__version__patch")
    summed = rows.order_by().values_list(*source, *number).annotate(Sum("predictions"), Sum("errors"), Sum("labelled"))
    return [
        Served(
            slug, model, label or (f"{major}.{minor}.{patch}" if major is not None else "unversioned"), role, *counts
        )
        for slug, model, label, role, major, minor, patch, *counts in summed
    ]


def live_versions(workspace: Workspace | None) -> list[LiveVersion]:
    rows = _of(Deployment.objects.filter(ended_at__isnull=True), "model__workspace", workspace)
    return [
        LiveVersion(row.model.workspace.slug, row.model.name, row.version.number, row.role, row.share)
        for row in rows.select_related("model__workspace", "version").order_by("pk")
    ]


def stages(workspace: Workspace | None) -> dict[str, int]:
    """Registered versions by stage."""
    rows = _of(ModelVersion.objects.all(), "model__workspace", workspace)
    return dict(rows.order_by().values_list("stage").annotate(Count("pk")))


def losses(workspace: Workspace | None) -> dict[str, int]:
    """Since the beginning, by reason; every reason is there."""
    rows = _of(LogLoss.objects.all(), "workspace", workspace)
    found = dict(rows.order_by().values_list("reason").annotate(total=Sum(F("count"))))
    return {reason.value: int(found.get(reason.value, 0)) for reason in LogLoss.Reason}


def partition_bytes() -> dict[str, int]:
    """Bytes of every partition of the log with its indexes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
            "JOIN pg_class p ON p.oid = i.inhparent WHERE p.relname = ANY(%s) ORDER BY 1",
            [list(PARENTS)],
        )
        return dict(cursor.fetchall())


def _of(rows: QuerySet[Row], path: str, workspace: Workspace | None) -> QuerySet[Row]:
    return rows if workspace is None else rows.filter(**{path: workspace})
