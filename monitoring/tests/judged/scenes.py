"""Checks and references as the judge writes them, for tests of what reads them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from experiments.models import ModelVersion, RegisteredModel
from monitoring.models import Check, Finding, Reference
from monitoring.services.scene import analysed
from monitoring.stats.profiles import profile

FINE = {"quality": "NDCG@10 is 0.39, 97 % of its baseline.", "cost": "Errors cost $41.20.", "drift": "Nothing moved.",
        "data": "All within limits.", "freshness": "The last prediction was 20 s ago."}  # fmt: skip
SCORES = {"quality": 0.97, "cost": 41.2, "drift": 0.05, "data": 0.2, "freshness": 20.0}


def make_check(
    model: RegisteredModel,
    area: str,
    verdict: str = "ok",
    *,
    score: float | None = None,
    ago: float = 60,
    findings: list[dict[str, Any]] | None = None,
    **fields: Any,
) -> Check:
    """Of the analysed stretch of the last day, ``ago`` seconds ago."""
    at = timezone.now() - dt.timedelta(seconds=ago)
    period = analysed(86400, at)
    values = {"start": period.start, "end": period.end, "at": at, "sentence": FINE[area], "through": "schedule"}
    known = SCORES[area] if score is None and verdict != "not_enough" else score
    check = Check.objects.create(model=model, area=area, verdict=verdict, score=known, **(values | fields))
    usual: dict[str, Any] = {"statistic": "share", "verdict": "ok", "detail": {}}
    Finding.objects.bulk_create([Finding(check_of=check, **(usual | one)) for one in findings or ()])
    return check


def all_fine(model: RegisteredModel, **verdicts: str) -> dict[str, Check]:
    """One check an area, well unless said otherwise."""
    return {area: make_check(model, area, verdicts.get(area, "ok"), findings=_of(area)) for area in FINE}


def _of(area: str) -> list[dict[str, Any]]:
    if area == "quality":
        return [{"signal": "ndcg_at_10", "statistic": "performance", "value": 0.39, "current_size": 2140}]
    if area == "cost":
        return [{"signal": "fp_rate", "value": 0.12}, {"signal": "fn_rate", "value": 0.4}]
    return []


def make_reference(version: ModelVersion, columns: dict[str, tuple[list[object], str]], **more: Any) -> Reference:
    """Of a table: {column: (values, numeric or categorical)}."""
    signals = {f"feature.{name}": profile(values, kind, "feature") for name, (values, kind) in columns.items()}
    types = {name: "number" if kind == "numeric" else "text" for name, (_, kind) in columns.items()}
    whole = {"signals": signals | more, "items": {}, "favourites": [], "types": types, "users": {}}
    return Reference.objects.create(version=version, kind="training", profile=whole)
