"""What monitoring knows of a model as JSON: the state now, its degradation, and the whole as a report (F136–F148)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from experiments.models import RegisteredModel
from mlopspro.accounts.models import Workspace
from monitoring.models import Alert, Check, Finding, Verdict
from monitoring.selectors import checks, statistics
from monitoring.selectors.fleet import Fleet, ModelRow, fleet
from monitoring.selectors.standing import standing
from monitoring.selectors.traffic import deployments_in, sources_of
from monitoring.selectors.windows import Period, period, total
from monitoring.services import monitoring_settings

FORMAT = 1
MOST_ALERTS = 100
HISTOGRAMS = ("labels", "reference", "current", "costs")
"""Of a finding's detail: what pages draw. The figures stay."""
JSON = dict[str, Any]


def current(workspace: Workspace, model: RegisteredModel | None = None) -> list[JSON]:
    """The state now, of one model or of all that are shown at a glance; ten queries however many they are."""
    found = fleet(workspace, period("24h"), only=model)
    metrics = _metrics(found)
    return [_state(row, metrics.get(row.model.pk, [])) for row in found.rows]


def degradation(model: RegisteredModel) -> JSON:
    """How much quality fell, by metric and by segment; beyond the limit it is to be investigated (D4, F139)."""
    check = checks.newest([model]).get(model.pk, {}).get(Check.Area.QUALITY)
    settings = monitoring_settings.of(model)
    found = checks.findings(check)
    metrics = [_fallen(one) for one in found if one.statistic == "performance"]
    segments = [_fallen(one) for one in found if one.statistic == "degradation"]
    judged = check is not None and check.verdict != Verdict.NOT_ENOUGH and check.score is not None
    overall = 1 - check.score if judged and check is not None and check.score is not None else None
    limit = 1 - settings.watch_below
    beyond = [one["name"] for one in (*metrics, *segments) if one["verdict"] in ("watch", "act")]
    return {
        "model": model.pk,
        "checked_at": check.at if check else None,
        "verdict": check.verdict if check else Verdict.NOT_ENOUGH.value,
        "sentence": check.sentence if check else "Quality has not been checked yet.",
        "degradation": overall,
        "limit": limit,
        "metrics": metrics,
        "segments": segments,
        "investigate": beyond,
        "recommendation": _recommended(check, overall, settings.degraded_below, limit, beyond),
    }


def report(model: RegisteredModel, chosen: Period, now: dt.datetime) -> JSON:
    """Everything of one model: judgements with their findings, traffic and quality of the period, alerts, advice."""
    sources = sources_of(model)
    stands = standing(model, sources, chosen)
    whole = total(sources, chosen)
    settings = stands.settings
    return {
        "format": FORMAT,
        "generated_at": now,
        "model": {"id": model.pk, "name": model.name, "family": model.family, "workspace": model.workspace.name},
        "version": stands.live.version.number if stands.live else None,
        "live_since": stands.live.started_at if stands.live else None,
        "period": {"start": chosen.start, "end": chosen.end, "step_seconds": chosen.level},
        "status": stands.status.key,
        "performance": stands.performance,
        "is_late": stands.is_late,
        "advice": {"code": stands.advice.code, "sentence": stands.advice.sentence},
        "degradation": {name: value for name, value in degradation(model).items() if name != "model"},
        "settings": {
            name: getattr(settings, name)
            for name in (
                "cost_limit", "minimum_labels", "minimum_sample", "window_seconds", "watch_below", "degraded_below",
                "drift_threshold", "fresh_within_seconds", "price_false_positive", "price_false_negative",
                "price_over", "price_under", "thresholds",
            )
        },
        "checks": {area: document(check, with_findings=True) for area, check in sorted(stands.checks.items())},
        "figures": statistics.figures_of(whole),
        "deployments": [
            {
                "version": one.version.number, "role": one.role, "share": one.share, "started_at": one.started_at,
                "ended_at": one.ended_at,
            }
            for one in deployments_in(model, chosen)
        ],
        "alerts": alerts_of(model),
    }  # fmt: skip


def document(check: Check, *, with_findings: bool = False) -> JSON:
    """A check as the API has it."""
    same = ("id", "area", "verdict", "sentence", "score", "at", "start", "end", "through")
    found = {name: getattr(check, name) for name in same} | {
        "version": check.version.number if check.version is not None else None,
        "reference": check.reference_id,
    }
    return found | ({"findings": [_finding(one) for one in checks.findings(check)]} if with_findings else {})


def alerts_of(model: RegisteredModel) -> list[JSON]:
    """Those that are not resolved, the newest first."""
    rows = Alert.objects.filter(rule__model=model).exclude(state=Alert.State.RESOLVED).select_related("rule")
    return [
        {
            "id": one.pk,
            "rule": one.rule.name,
            "signal": one.rule.signal,
            "severity": one.severity,
            "state": one.state,
            "sentence": one.sentence,
            "value": one.value,
            "threshold": one.threshold,
            "opened_at": one.opened_at,
        }
        for one in rows.order_by("-opened_at")[:MOST_ALERTS]
    ]


def _metrics(found: Fleet) -> dict[Any, list[Finding]]:
    """The performance of each metric by model: one query."""
    by_check = {
        row.checks[Check.Area.QUALITY].pk: row.model.pk for row in found.rows if Check.Area.QUALITY in row.checks
    }
    out: dict[Any, list[Finding]] = {}
    for one in Finding.objects.filter(check_of__in=by_check, statistic="performance").order_by("pk"):
        out.setdefault(by_check[one.check_of_id], []).append(one)
    return out


def _state(row: ModelRow, metrics: Sequence[Finding]) -> JSON:
    quality = row.checks.get(Check.Area.QUALITY)
    headline = next((one for one in metrics if one.detail.get("decides")), None)
    return {
        "model": row.model.pk,
        "name": row.model.name,
        "version": row.traffic.live.version.number if row.traffic.live else None,
        "status": row.status.key,
        "performance": row.performance,
        "headline": headline.signal if headline else None,
        "baseline": headline.threshold if headline else None,
        "labels": headline.current_size if headline else None,
        "sentence": quality.sentence if quality else "Quality has not been checked yet.",
        "metrics": {one.signal: _measured(one) for one in metrics},
        "cost_per_1000": row.cost,
        "cost_limit": row.cost_limit,
        "drift_score": row.drift_score,
        "data_verdict": row.data.verdict if row.data else None,
        "last_prediction": row.traffic.last,
        "predictions": row.traffic.predictions,
        "predictions_per_minute": row.per_minute,
        "error_rate": row.traffic.error_rate,
        "labelled_share": row.traffic.labelled_share,
        "open_alerts": row.alerts,
        "checked_at": row.checked_at,
    }


def _measured(one: Finding) -> JSON:
    return {
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "n": one.current_size,
        "baseline": one.threshold,
        "share": one.detail.get("share"),
        "verdict": one.verdict,
    }


def _fallen(one: Finding) -> JSON:
    """A metric of all, or of one segment."""
    part = one.detail.get("share")
    whole = one.statistic == "performance"
    return {
        "name": one.signal,
        "title": one.detail.get("title", one.signal),
        "value": one.value if whole else one.detail.get("live"),
        "baseline": one.detail.get("baseline"),
        "degradation": 1 - part if part is not None else None if whole else one.value,
        "n": one.current_size,
        "verdict": one.verdict,
    }


def _finding(one: Finding) -> JSON:
    same = (
        "signal", "statistic", "value", "threshold", "p_value", "adjusted_p", "low", "high", "reference_size",
        "current_size", "verdict",
    )  # fmt: skip
    detail = {name: value for name, value in one.detail.items() if name not in HISTOGRAMS}
    return {name: getattr(one, name) for name in same} | {"detail": detail}


def _recommended(
    check: Check | None, overall: float | None, degraded_below: float, limit: float, beyond: Iterable[str]
) -> str:
    if check is None or overall is None:
        return "Nothing can be said yet: quality is not judged."
    if overall > 1 - degraded_below:
        return "Investigate and retrain: quality is degraded."
    if overall > limit:
        return "Investigate: quality fell by more than its limit."
    return "Investigate the metrics and segments that fell." if list(beyond) else "Nothing."
