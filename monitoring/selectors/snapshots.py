"""What a snapshot of a model is made of, and the snapshots that were taken."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from experiments.models import Deployment, RegisteredModel
from mlopspro.accounts.models import Workspace
from monitoring.models import Snapshot, Source
from monitoring.selectors.traffic import last_minute, sources_of
from monitoring.selectors.windows import period, total
from monitoring.summaries import figures


def captured(model: RegisteredModel, now: dt.datetime | None = None) -> dict[str, Any] | None:
    """Arguments of ``snapshots.record`` for this moment, of the last 24 hours; None where the model has no sources."""
    moment = now or timezone.now()
    sources = sources_of(model)
    if not sources:
        return None
    whole = total(sources, period("24h", now=moment))
    last = last_minute(sources)
    champion = _champion(model, sources)
    return {
        "performance": {"period": "24h", **figures.traffic(whole.summary), **figures.quality(whole.summary)},
        "freshness": {
            "last_prediction": last.isoformat() if last else None,
            "seconds_since_last_prediction": (moment - last).total_seconds() if last else None,
        },
        "source": champion,
        "experiment": champion.version.experiment if champion is not None and champion.version is not None else None,
    }


def watched() -> list[RegisteredModel]:
    """Models of all workspaces that ever answered and are not archived."""
    return list(RegisteredModel.objects.filter(archived_at__isnull=True, sources__isnull=False).distinct())


def listed(workspace: Workspace, model: RegisteredModel) -> QuerySet[Snapshot]:
    return Snapshot.objects.filter(model=model, model__workspace=workspace).select_related("source__version")


def _champion(model: RegisteredModel, sources: list[Source]) -> Source | None:
    live = Deployment.objects.filter(model=model, role="champion", ended_at__isnull=True).first()
    if live is None:
        return None
    return next((one for one in sources if one.version_id == live.version_id and one.role == "champion"), None)
