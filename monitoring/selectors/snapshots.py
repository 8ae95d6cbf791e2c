"""What a snapshot of a model is made of, and the snapshots that were taken."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from experiments.models import Deployment, RegisteredModel
from mlopspro.accounts.models import Workspace
from monitoring.models import Alert, Check, Finding, Snapshot, Source, Verdict
from monitoring.selectors.checks import Newest, newest
from monitoring.selectors.traffic import last_minute, sources_of
from monitoring.selectors.windows import period, total
from monitoring.stats.standing import status_of
from monitoring.summaries import figures

MOST_LISTED = 50
"""Moved signals and alerts of a snapshot."""


def captured(model: RegisteredModel, now: dt.datetime | None = None) -> dict[str, Any] | None:
    """Arguments of ``snapshots.record`` for this moment, of the last 24 hours; None where the model has no sources."""
    moment = now or timezone.now()
    sources = sources_of(model)
    if not sources:
        return None
    whole = total(sources, period("24h", now=moment))
    last = last_minute(sources)
    champion = _champion(model, sources)
    checks = newest([model]).get(model.pk, {})
    return {
        "performance": {
            "period": "24h",
            **figures.traffic(whole.summary),
            **figures.quality(whole.summary),
            **_judged(checks),
        },
        "drift": _drift(checks.get(Check.Area.DRIFT)),
        "freshness": {
            "last_prediction": last.isoformat() if last else None,
            "seconds_since_last_prediction": (moment - last).total_seconds() if last else None,
            **_ages(checks.get(Check.Area.FRESHNESS)),
        },
        "alerts": _alerts(model),
        "source": champion,
        "experiment": champion.version.experiment if champion is not None and champion.version is not None else None,
    }


def _judged(checks: Newest) -> dict[str, Any]:
    """Status, and performance and cost where they are judged."""
    quality, freshness = checks.get(Check.Area.QUALITY), checks.get(Check.Area.FRESHNESS)
    status = status_of(quality.verdict if quality else None, freshness.verdict if freshness else None)
    cost = checks.get(Check.Area.COST)
    return {
        "status": status.key,
        "performance": quality.score if quality and quality.verdict != Verdict.NOT_ENOUGH else None,
        "cost_per_1000": cost.score if cost and cost.verdict != Verdict.NOT_ENOUGH else None,
    }


def _drift(check: Check | None) -> dict[str, Any]:
    """Empty where drift was never judged."""
    if check is None:
        return {}
    moved = Finding.objects.filter(check_of=check, verdict__in=(Verdict.WATCH, Verdict.ACT)).order_by("signal")
    return {
        "score": check.score,
        "verdict": check.verdict,
        "sentence": check.sentence,
        "checked_at": check.at.isoformat(),
        "moved": list(moved.values_list("signal", flat=True).distinct()[:MOST_LISTED]),
    }


def _ages(check: Check | None) -> dict[str, Any]:
    """Verdict, and seconds since the last feedback and the newest training data."""
    if check is None:
        return {}
    rows = Finding.objects.filter(check_of=check).values_list("signal", "value")
    ages = {signal.replace("freshness.", "seconds_since_"): value for signal, value in rows if "." in signal}
    return {"verdict": check.verdict} | ages


def _alerts(model: RegisteredModel) -> list[dict[str, Any]]:
    """Those that are not resolved, the newest first."""
    rows = Alert.objects.filter(rule__model=model).exclude(state=Alert.State.RESOLVED).order_by("-opened_at")
    return [
        {
            "id": str(one.pk),
            "signal": one.rule.signal,
            "severity": one.severity,
            "state": one.state,
            "sentence": one.sentence,
            "opened_at": one.opened_at.isoformat(),
        }
        for one in rows.select_related("rule")[:MOST_LISTED]
    ]


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
