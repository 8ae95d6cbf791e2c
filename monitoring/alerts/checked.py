"""Readings from the judge's checks: an area's score, or one of its findings."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Max

from experiments.models import RegisteredModel
from mlopspro.core import formats
from monitoring.alerts.readings import Reading, SignalSpec, missing
from monitoring.models import Check, Finding, Verdict

SCORES = {
    "quality.performance": Check.Area.QUALITY,
    "cost.per_1000": Check.Area.COST,
    "drift.score": Check.Area.DRIFT,
    "data.worst": Check.Area.DATA,
    "freshness.seconds": Check.Area.FRESHNESS,
}
FINDINGS = {
    "quality.ndcg_at_10": ("ndcg_at_10", "performance"),
    "quality.precision_at_10": ("precision_at_10", "performance"),
    "drift.instability": ("f1_instability", "cv"),
}
"""Of the quality check: (signal, statistic)."""
ABSOLUTE = "performance"
"""The statistic of findings whose value is the figure itself."""
DEGRADATION = "quality.degradation"
STALE_AFTER = dt.timedelta(minutes=15)
"""Or three rounds of the judge, where these take longer: an older check says nothing of now."""
THROUGH = "schedule"
"""Checks that people ask for may look at other stretches of time, and must not hurry an alert."""


def area_of(signal: str) -> Check.Area:
    return SCORES.get(signal, Check.Area.QUALITY)


class Checks:
    """The newest check of each area of a model, with what rules need of its findings; two or three queries."""

    def __init__(self, model: RegisteredModel, now: dt.datetime) -> None:
        self.model, self.now = model, now

    def read(self, spec: SignalSpec) -> Reading:
        area = area_of(spec.name)
        check = self._newest.get(area)
        if check is None:
            return missing(f"{area.label} has not been checked yet.")
        evidence = _evidence(check, spec)
        if self.now - check.at > max(STALE_AFTER, 3 * dt.timedelta(seconds=settings.CHECK_SECONDS)):
            age = formats.duration(self.now - check.at)
            return Reading(None, None, check.at, f"The last check of {area.label.lower()} is {age} old.", evidence)
        if check.verdict == Verdict.NOT_ENOUGH and spec.name in SCORES:
            return Reading(None, None, check.at, check.sentence, evidence)
        if spec.name in SCORES:
            return Reading(check.score, self._samples.get(check.pk), check.at, check.sentence, evidence, check.score)
        return self._finding(spec, check, evidence)

    def newest_at(self, spec: SignalSpec) -> dt.datetime | None:
        check = self._newest.get(area_of(spec.name))
        return check.at if check is not None else None

    @cached_property
    def _newest(self) -> dict[Check.Area, Check]:
        rows = Check.objects.filter(model=self.model, through=THROUGH, at__lte=self.now).select_related("version")
        return {Check.Area(one.area): one for one in rows.order_by("area", "-at").distinct("area")}

    @cached_property
    def _samples(self) -> dict[Any, int]:
        rows = Finding.objects.filter(check_of__in=[one.pk for one in self._newest.values()])
        found = rows.order_by().values_list("check_of").annotate(Max("current_size"))
        return {pk: size for pk, size in found if size is not None}

    @cached_property
    def _quality(self) -> list[Finding]:
        check = self._newest.get(Check.Area.QUALITY)
        return list(Finding.objects.filter(check_of=check).defer("detail")) if check is not None else []

    def _finding(self, spec: SignalSpec, check: Check, evidence: dict[str, Any]) -> Reading:
        one = self._worst_segment() if spec.name == DEGRADATION else self._one(*FINDINGS[spec.name])
        # A figure that is held against a limit of its own needs no baseline, as a new version has none; whether it is
        # made of enough answers says the rule's minimum sample.
        absolute = one is not None and one.statistic == ABSOLUTE
        if one is None or one.value is None or (one.verdict == Verdict.NOT_ENOUGH and not absolute):
            why = f"The last check of quality has no value of {spec.title}. {check.sentence}"
            return Reading(None, one.current_size if one else None, check.at, why, evidence)
        sample = int(one.current_size) if one.current_size is not None else None
        evidence = evidence | {"finding": [one.signal, one.statistic]}
        return Reading(one.value, sample, check.at, _sentence(spec, one, check), evidence, one.value)

    def _one(self, signal: str, statistic: str) -> Finding | None:
        return next((one for one in self._quality if (one.signal, one.statistic) == (signal, statistic)), None)

    def _worst_segment(self) -> Finding | None:
        known = [one for one in self._quality if one.statistic == "degradation" and one.value is not None]
        judged = [one for one in known if one.verdict != Verdict.NOT_ENOUGH]
        return max(judged, key=lambda one: one.value or 0.0, default=None)


def _sentence(spec: SignalSpec, one: Finding, check: Check) -> str:
    where = f" of {' '.join(one.signal.split('.')[1:])}" if one.signal.startswith("segment.") else ""
    cases = f"{formats.number(one.current_size)} cases, " if one.current_size is not None else ""
    length = formats.duration(check.end - check.start)
    return f"{spec.title}{where} is {spec.figure(one.value)} ({cases}{length} until {check.end:%Y-%m-%d %H:%M} UTC)."


def _evidence(check: Check, spec: SignalSpec) -> dict[str, Any]:
    return {
        "check": str(check.pk),
        "area": check.area,
        "tab": spec.tab,
        "from": check.start.isoformat(),
        "to": check.end.isoformat(),
        "version": str(check.version_id) if check.version_id else "",
        "number": check.version.number if check.version is not None else "",
    }
