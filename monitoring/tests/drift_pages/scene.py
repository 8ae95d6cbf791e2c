"""Checks of drift as the judge writes them, from real samples and statistics, without traffic and references."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.utils import timezone

from experiments.models import ModelVersion
from monitoring.models import Check, Finding, Reference
from monitoring.selectors.windows import Period
from monitoring.services.drift_findings import findings_of
from monitoring.services.scene import analysed
from monitoring.stats import profiles
from monitoring.stats.verdicts import Judged, Signal, drift_score, judge

NUMBERS = np.random.default_rng(7)
SAMPLE = 5000


def numeric(name: str, shift: float = 0.0, n: int = SAMPLE, kind: str = "numeric") -> Signal:
    """Normal values whose mean moves by ``shift`` standard deviations."""
    bins, counts = profiles.fit(NUMBERS.normal(size=SAMPLE), "numeric")
    return Signal(name, kind, counts, bins.count(NUMBERS.normal(shift, size=n)), bins)


def categorical(name: str, moved: float = 0.0, n: int = SAMPLE) -> Signal:
    """Four values; a share of ``moved`` goes from the first to one the reference never saw."""
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    bins, counts = profiles.fit(NUMBERS.choice(["a", "b", "c", "d"], SAMPLE, p=shares), "categorical")
    shares = np.append(shares, moved)
    shares[0] -= moved
    return Signal(
        name, "categorical", counts, bins.count(NUMBERS.choice(["a", "b", "c", "d", "new"], n, p=shares)), bins
    )


def share(name: str, before: float, now: float, n: int = SAMPLE) -> Signal:
    bins, _ = profiles.fit([0, 1], "share")
    counts = [np.array([round(size * (1 - yes)), round(size * yes), 0]) for size, yes in ((SAMPLE, before), (n, now))]
    return Signal(name, "share", *counts, bins)


def make_reference(version: ModelVersion, **fields: Any) -> Reference:
    values: dict[str, Any] = {"kind": Reference.Kind.TRAINING, "profile": {}, "active": True}
    return Reference.objects.create(version=version, **(values | fields))


def make_check(
    version: ModelVersion,
    signals: Sequence[Signal],
    *,
    at: dt.datetime | None = None,
    reference: Reference | None = None,
    window: Period | None = None,
    **fields: Any,
) -> Check:
    """Of the analysed window as it was at that moment, by the schedule, unless said otherwise."""
    moment = at or timezone.now()
    stretch = window or analysed(86400, moment)
    judged = judge(signals)
    moved = [one.name for one in judged if one.moved]
    values: dict[str, Any] = {
        "model": version.model,
        "version": version,
        "reference": reference,
        "area": Check.Area.DRIFT,
        "start": stretch.start,
        "end": stretch.end,
        "at": moment,
        "verdict": _worst(judged),
        "sentence": f"{len(moved)} of {len(judged)} signals moved: {', '.join(moved) or 'none'}.",
        "score": drift_score(judged),
    }
    check = Check.objects.create(**(values | fields))
    found = findings_of(judged, signals)
    for finding in found:
        finding.check_of = check
    Finding.objects.bulk_create(found)
    return check


def _worst(judged: Sequence[Judged]) -> str:
    found = {one.verdict for one in judged}
    return next((verdict for verdict in ("act", "watch", "ok") if verdict in found), "not_enough")


def make_instability(
    version: ModelVersion, verdict: str = "ok", at: dt.datetime | None = None, **fields: Any
) -> Finding:
    """A check of quality with its finding of F1 instability."""
    moment = at or timezone.now()
    check = Check.objects.create(
        model=version.model, version=version, area=Check.Area.QUALITY, at=moment, start=moment - dt.timedelta(days=1),
        end=moment, verdict=verdict, sentence="F1 was looked at.",
    )  # fmt: skip
    values: dict[str, Any] = {
        "value": 0.12, "threshold": 0.3, "low": 0.08, "high": 0.24, "p_value": 0.999, "current_size": 10,
        "detail": {"n": 10, "mean": 0.31, "sd": 0.037, "noise_p_value": 0.4, "decides": True},
    }  # fmt: skip
    return Finding.objects.create(
        check_of=check, signal="f1_instability", statistic="cv", verdict=verdict, **(values | fields)
    )
