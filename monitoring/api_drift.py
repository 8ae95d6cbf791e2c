"""JSON API of drift: the newest check of a model, or one computed at once (F162–F169)."""

from __future__ import annotations

import datetime as dt
import uuid
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import F, Q
from ninja import Field, Query, Router, Schema
from pydantic import ConfigDict

from experiments.api import ERRORS, Envelope
from experiments.api_history import refuse_unknown
from experiments.models import RegisteredModel
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.access import admit, get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from monitoring.models import Check, MonitoringSettings, Reference
from monitoring.selectors import drift as shown
from monitoring.selectors.drift_around import instability_of
from monitoring.selectors.windows import DAY, HOUR, MINUTE
from monitoring.services import judging, monitoring_settings, references
from monitoring.services.scene import analysed, champion_at
from monitoring.stats.instability import LEAST_WINDOWS

router = Router(tags=["monitoring"])
WINDOWS = {"1h": 3600, "6h": 6 * 3600, "24h": 86400, "7d": 7 * 86400}
_EXAMPLE: dict[str, Any] = {
    "id": "0b4e1c9e-4f7b-4a53-9a3e-6f1c1f0d2a11",
    "model": "5b1e3d52-7a8e-4a0c-9d1c-3a8c2f4e6b70",
    "version": "1.2.0",
    "verdict": "watch",
    "sentence": "1 of 9 signals moved: Items shown, by popularity (12,340 predictions, last 24 hours).",
    "score": 0.36,
    "threshold": 0.3,
    "at": "2026-11-21T08:05:00Z",
    "start": "2026-11-20T09:00:00Z",
    "end": "2026-11-21T09:00:00Z",
    "through": "schedule",
    "reference": {
        "id": "7d2f5c8e-1a44-4b0e-8f37-0c9a6b1d2e33", "kind": "training", "start": None, "end": None, "active": True,
    },
    "moved": 1,
    "judged": 9,
    "not_judged": 1,
    "predictions": 12340,
    "missing": 0,
    "signals": [
        {
            "signal": "exposure", "title": "Items shown, by popularity", "verdict": "watch", "reason": "moved",
            "severity": 0.6, "statistic": "ks", "value": 0.06, "threshold": 0.04, "p_value": 2.1e-9,
            "adjusted_p": 3.6e-8, "reference_size": 94300, "current_size": 123400,
            "statistics": [
                {"statistic": "ks", "value": 0.06, "threshold": 0.04, "p_value": 2.1e-9, "adjusted_p": 3.6e-8},
            ],
        }
    ],
    "instability": {
        "verdict": "ok", "cv": 0.12, "threshold": 0.3, "low": 0.08, "high": 0.24, "p_value": 0.99, "n": 10,
        "mean": 0.31, "sd": 0.037, "at": "2026-11-21T08:05:00Z",
    },
}  # fmt: skip


class Asked(Schema):
    model: uuid.UUID = Field(description="Id of the model.")
    window: str = Field("", max_length=10, description="1h, 6h, 24h, 7d or a number of seconds; empty: as is analysed.")
    reference: uuid.UUID | None = Field(None, description="Only a check against this reference.")
    compute: bool = Field(False, description="Judge at once, without keeping it. Needs the right to handle alerts.")


class StatisticOut(Schema):
    statistic: str
    value: float | None
    threshold: float | None = Field(description="Null where it is shown only and decides nothing.")
    p_value: float | None
    adjusted_p: float | None = Field(description="After Benjamini and Hochberg, over all tests of the check.")


class SignalOut(StatisticOut):
    signal: str
    title: str
    verdict: str = Field(description="ok, watch, act or not_enough")
    reason: str = Field(description="moved, small, chance, few, no_reference or vanished")
    severity: float = Field(description="0 where it has not moved, else from 0.5 towards 1.")
    reference_size: int | None
    current_size: int | None
    statistics: list[StatisticOut]


class ReferenceOut(Schema):
    id: uuid.UUID
    kind: str = Field(description="training or pinned")
    start: dt.datetime | None
    end: dt.datetime | None
    active: bool


class InstabilityOut(Schema):
    verdict: str
    cv: float | None = Field(description="Standard deviation of F1 over the last windows, over its mean.")
    threshold: float | None
    low: float | None
    high: float | None = Field(description="Null where the interval has no upper end.")
    p_value: float | None
    n: int = Field(description="Windows with an F1.")
    mean: float | None
    sd: float | None
    at: dt.datetime


class DriftOut(Schema):
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: uuid.UUID | None = Field(description="Null where it was computed for this answer and not kept.")
    model: uuid.UUID
    version: str | None
    verdict: str = Field(description="ok, watch, act or not_enough, which is never ok")
    sentence: str
    score: float | None = Field(description="0 to 1; null where nothing could be judged.")
    threshold: float
    at: dt.datetime
    start: dt.datetime
    end: dt.datetime
    through: str
    reference: ReferenceOut | None
    moved: int
    judged: int
    not_judged: int
    predictions: int
    missing: int = Field(description="Predictions that are still needed.")
    signals: list[SignalOut] = Field(description="The most severe first.")
    instability: InstabilityOut | None


class DriftAnswer(Envelope):
    data: DriftOut | None = Field(description="Null where drift was not checked yet, or does not apply.")


@router.get("/monitoring/drift", response={200: DriftAnswer, **ERRORS}, summary="Drift of a model")
@requires_api(Action.VIEW)
def monitoring_drift(request: WorkspaceRequest, asked: Query[Asked]) -> Any:
    """The newest check with all its statistics; with `compute=true` one of this moment, which is not kept."""
    refuse_unknown(request, Asked)
    model = get_visible_or_404(RegisteredModel, request, asked.model)
    settings = monitoring_settings.of(model)
    seconds = _seconds(asked.window) or settings.window_seconds
    if asked.compute:
        admit(request, Action.HANDLE_ALERT)
        check = _computed(model, seconds, asked.reference)
    else:
        check = _newest(model, settings, asked)
    return {"data": _document(check, settings) if check is not None else None}


def _seconds(given: str) -> int | None:
    if not given:
        return None
    if given in WINDOWS:
        return WINDOWS[given]
    accepted = f"accepted: {', '.join(WINDOWS)}, or multiples of 60 seconds from 600 to {30 * 86400}"
    if not given.isascii() or not given.isdigit() or not 600 <= int(given) <= 30 * 86400 or int(given) % 60:
        raise Refused([Problem("window", f"{given!r} is no length; {accepted}")])
    return int(given)


def _computed(model: RegisteredModel, seconds: int, reference: uuid.UUID | None) -> Check | None:
    now = dt.datetime.now(dt.UTC)
    live = champion_at(model, now)
    if reference is not None:
        active = references.active(live.version) if live is not None else None
        if active is None or active.pk != reference:
            accepted = f"; accepted: {active.pk}" if active is not None else ""
            raise Refused([Problem("reference", f"windows count into the active reference alone{accepted}")])
    return judging.judge(model, Check.Area.DRIFT, now=now, period=analysed(seconds, now), through="api", save=False)


def _newest(model: RegisteredModel, settings: MonitoringSettings, asked: Asked) -> Check | None:
    rows = shown.checks_of(model)
    if asked.reference is not None:
        if not Reference.objects.filter(pk=asked.reference, version__model=model).exists():
            raise Refused([Problem("reference", f"{asked.reference} is no reference of this model")])
        rows = rows.filter(reference=asked.reference)
    if seconds := _seconds(asked.window):
        lengths = {dt.timedelta(seconds=-(-seconds // level) * level) for level in (MINUTE, HOUR, DAY)}
        return rows.filter(reduce(or_, (Q(end=F("start") + length) for length in lengths))).first()
    return shown.usual(rows, settings)


def _document(check: Check, settings: MonitoringSettings) -> dict[str, Any]:
    found = shown.of(check, settings)
    instability = instability_of(check.model, LEAST_WINDOWS)
    same = ("verdict", "sentence", "score", "at", "start", "end", "through")
    return {name: getattr(check, name) for name in same} | {
        "id": None if check._state.adding else check.pk,
        "model": check.model_id,
        "version": check.version.number if check.version is not None else None,
        "threshold": settings.drift_threshold,
        "reference": check.reference,
        "moved": len(found.moved),
        "judged": len(found.judged),
        "not_judged": found.unjudged,
        "predictions": found.sample,
        "missing": found.missing,
        "signals": [_signal(one) for one in found.signals],
        "instability": instability,
    }


def _signal(one: shown.Signal) -> dict[str, Any]:
    return _statistic(one.decided) | {
        "signal": one.name,
        "title": one.title,
        "verdict": one.verdict,
        "reason": one.reason,
        "severity": one.severity,
        "reference_size": one.decided.reference_size,
        "current_size": one.decided.current_size,
        "statistics": [_statistic(each) for each in one.statistics if each.value is not None],
    }


def _statistic(one: shown.Statistic) -> dict[str, Any]:
    same = ("value", "threshold", "p_value", "adjusted_p")
    return {"statistic": one.name} | {name: getattr(one, name) for name in same}
