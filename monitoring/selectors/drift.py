"""What the Drift tab shows of a check: its verdict, and one row a signal with the figure that decided.

Checks and findings are written by ``monitoring/services/drift_checks.py``: one finding a signal and statistic; the one
that decides carries the signal's shares in ``detail``. Those are only read of the signal that is opened.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet
from django.db.models.fields.json import KT

from experiments.models import RegisteredModel
from mlopspro.core.formats import UNDEFINED, as_float, number
from monitoring.models import Check, Finding, MonitoringSettings, Verdict
from monitoring.selectors.drift_course import course_of
from monitoring.selectors.drift_words import reason_of, short_title, statistic_title, title_of
from monitoring.selectors.windows import Period
from monitoring.services.scene import analysed
from monitoring.summaries.signals import OF_ITEMS

RECENT = 30
"""Newest checks among which the one to show is looked for."""
MOVED = (Verdict.WATCH, Verdict.ACT)
_COLUMNS = (
    "signal", "statistic", "value", "threshold", "p_value", "adjusted_p", "reference_size", "current_size", "verdict",
)  # fmt: skip
_SAID = ("title", "reason", "decides", "bound")
_HISTOGRAM = ["labels", "reference", "current"]


@dataclass(frozen=True)
class Statistic:
    """One figure of one signal. Without a threshold it is shown and decides nothing."""

    name: str
    value: float | None
    threshold: float | None
    p_value: float | None
    adjusted_p: float | None
    reference_size: int | None
    current_size: int | None
    verdict: Verdict
    decides: bool
    bound: float | None = None
    """The most by which the value on raw data can differ; None where it is exact."""

    @property
    def title(self) -> str:
        return statistic_title(self.name)

    @property
    def short(self) -> str:
        return short_title(self.name)

    @property
    def ratio(self) -> float:
        """Of the threshold; 0 where either is missing."""
        return self.value / self.threshold if self.value is not None and self.threshold else 0.0

    @property
    def bar(self) -> float | None:
        """Its place on a bar in whose middle the threshold stands, 0 to 1; the end is twice the threshold or more."""
        return min(1.0, max(0.0, self.ratio / 2)) if self.value is not None and self.threshold else None


@dataclass(frozen=True)
class Signal:
    """A row of the table. ``course`` is its deciding statistic over the period's checks, oldest first."""

    name: str
    title: str
    reason: str
    verdict: Verdict
    decided: Statistic
    statistics: tuple[Statistic, ...]
    course: tuple[float | None, ...] = ()

    @property
    def moved(self) -> bool:
        return self.verdict in MOVED

    @property
    def severity(self) -> float:
        """Of one that moved r / (1 + r) with r = effect / threshold, as the drift score counts it; else 0."""
        return self.decided.ratio / (1 + self.decided.ratio) if self.moved else 0.0

    @property
    def anchor(self) -> str:
        return anchor_of(self.name)

    @property
    def why(self) -> str:
        """Why it has not moved, or was not judged; empty where it moved."""
        return "" if self.moved else reason_of(self.reason)


@dataclass(frozen=True)
class Shares:
    """Of the opened signal: the shares of both samples in the bins of the reference, (b,) each."""

    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]
    kind: str = ""


@dataclass(frozen=True)
class DriftCheck:
    """A check with its signals, the most severe first. ``needed`` is the minimum sample of the model's settings."""

    check: Check
    signals: tuple[Signal, ...]
    threshold: float
    needed: int
    course: tuple[Check, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.check.verdict)

    @property
    def moved(self) -> tuple[Signal, ...]:
        return tuple(one for one in self.signals if one.moved)

    @property
    def judged(self) -> tuple[Signal, ...]:
        return tuple(one for one in self.signals if one.verdict != Verdict.NOT_ENOUGH)

    @property
    def moved_text(self) -> str:
        """How many moved; a dash where none was judged, as 0 would say that all is still."""
        return number(len(self.moved)) if self.judged else UNDEFINED

    @property
    def sample(self) -> int:
        """Current predictions of the signal that has most of them; signals of items count places in lists."""
        rows = (one for one in self.signals if one.name not in OF_ITEMS)
        return max((one.decided.current_size or 0 for one in rows), default=0)

    @property
    def missing(self) -> int:
        """Predictions that are still needed; 0 where it is not for want of them that something was not judged."""
        return max(0, self.needed - self.sample)

    @property
    def progress(self) -> float:
        """Towards the sample that is needed, 0 to 1."""
        return min(1.0, self.sample / max(1, self.needed))

    @property
    def unjudged(self) -> int:
        return len(self.signals) - len(self.judged)

    @property
    def length(self) -> dt.timedelta:
        return self.check.end - self.check.start

    def signal(self, name: str) -> Signal | None:
        return next((one for one in self.signals if one.name == name), None)


def anchor_of(signal: str) -> str:
    """A name for a signal's row and chart; a feature's own name may hold any character."""
    return f"drift-{hashlib.blake2b(signal.encode(), digest_size=6).hexdigest()}"


def newest(model: RegisteredModel, chosen: Period, settings: MonitoringSettings) -> DriftCheck | None:
    """Of the analysed window, up to the period's end: four queries, whatever was checked.

    A stretch that somebody asked for has a page of its own (``of``); it is shown here only where there is no other.
    """
    found = usual(checks_of(model).filter(at__lt=chosen.end), settings)
    if found is None:
        return None
    course = course_of(found, chosen, settings.window_seconds)
    return DriftCheck(found, signals_of(found, course), settings.drift_threshold, settings.minimum_sample, course)


def usual(rows: QuerySet[Check], settings: MonitoringSettings) -> Check | None:
    """The newest of the analysed window; where there is none, the newest."""
    recent = list(rows[:RECENT])
    fitting = (one for one in recent if is_usual(one, settings.window_seconds))
    return next(fitting, recent[0] if recent else None)


def of(check: Check, settings: MonitoringSettings) -> DriftCheck:
    """One check by itself, without a course: two queries."""
    return DriftCheck(check, signals_of(check), settings.drift_threshold, settings.minimum_sample)


def is_usual(check: Check, seconds: int) -> bool:
    """Whether it is of the analysed window as it was at its time, not of another stretch that somebody asked for."""
    if check.through == "schedule":
        return True
    window = analysed(seconds, check.at)
    return check.end - check.start == window.end - window.start and check.end >= check.at - dt.timedelta(hours=1)


def checks_of(model: RegisteredModel) -> QuerySet[Check]:
    """Of drift, the newest first, with version and reference but without the reference's bins."""
    joined = Check.objects.filter(model=model, area=Check.Area.DRIFT).select_related("version", "reference")
    heavy = ("reference__profile", "version__metrics", "version__parameters", "version__importance", "version__card")
    return joined.defer(*heavy).order_by("-at")


def signals_of(check: Check, course: Sequence[Check] = ()) -> tuple[Signal, ...]:
    """One a signal, the most severe first, those not judged last: two queries, none for a check that is not saved."""
    rows: dict[str, list[Statistic]] = {}
    said: dict[str, tuple[str, str]] = {}
    for row in _findings(check):
        rows.setdefault(row["signal"], []).append(_statistic(row))
        if row["decides"] or row["signal"] not in said:
            said[row["signal"]] = (row["title"] or "", row["reason"] or "")
    found = [_signal(name, statistics, *said[name]) for name, statistics in rows.items()]
    lines = _lines(found, course)
    placed = sorted(found, key=lambda one: (-one.severity, one.verdict == Verdict.NOT_ENOUGH, -one.decided.ratio))
    return tuple(replace(one, course=lines.get(one.name, ())) for one in placed)


def _findings(check: Check) -> list[dict[str, Any]]:
    """Without the histograms."""
    if check._state.adding:
        found: list[Finding] = getattr(check, "found", [])
        return [{name: getattr(one, name) for name in _COLUMNS} | _said(one.detail) for one in found]
    texts = {f"said_{name}": KT(f"detail__{name}") for name in _SAID}
    rows = Finding.objects.filter(check_of=check).order_by("id").values(*_COLUMNS, **texts)
    return [row | _said({name: row[f"said_{name}"] for name in _SAID}) for row in rows]


def _said(detail: Mapping[str, Any]) -> dict[str, Any]:
    """From a finding's detail, or the same as text."""
    bound = detail.get("bound")
    return {
        "title": detail.get("title"),
        "reason": detail.get("reason"),
        "decides": detail.get("decides") in (True, "true"),
        "bound": as_float(bound),
    }


def _statistic(row: Mapping[str, Any]) -> Statistic:
    same = ("value", "threshold", "p_value", "adjusted_p", "reference_size", "current_size", "decides", "bound")
    return Statistic(name=row["statistic"], verdict=Verdict(row["verdict"]), **{name: row[name] for name in same})


def _signal(name: str, statistics: list[Statistic], title: str, reason: str) -> Signal:
    decided = next((one for one in statistics if one.decides), None) or max(statistics, key=lambda one: one.ratio)
    placed = sorted(statistics, key=lambda one: (not one.decides, -one.ratio))
    return Signal(name, title or title_of(name), reason, decided.verdict, decided, tuple(placed))


def _lines(signals: Sequence[Signal], course: Sequence[Check]) -> dict[str, tuple[float | None, ...]]:
    """Of each signal the statistic that decides now, at each check of the course: one query for all."""
    if len(course) < 2 or not signals:
        return {}
    wanted = {one.name: one.decided.name for one in signals}
    rows = Finding.objects.filter(
        check_of__in=[one.pk for one in course], statistic__in=set(wanted.values())
    ).values_list("signal", "statistic", "check_of_id", "value")
    found: dict[str, dict[uuid.UUID, float | None]] = {}
    for signal, statistic, pk, value in rows:
        if wanted.get(signal) == statistic:
            found.setdefault(signal, {})[pk] = value
    return {name: tuple(values.get(one.pk) for one in course) for name, values in found.items()}


def shares_of(check: Check, signal: str) -> Shares | None:
    """The histograms of one signal: one query. None where the check has none, as it could not be judged."""
    if check._state.adding:
        found: list[Finding] = getattr(check, "found", [])
        details = [one.detail for one in found if one.signal == signal]
    else:
        rows = Finding.objects.filter(check_of=check, signal=signal, detail__has_keys=_HISTOGRAM)
        details = list(rows.values_list("detail", flat=True)[:1])
    return next((shares for detail in details if (shares := _shares(detail))), None)


def _shares(detail: Mapping[str, Any]) -> Shares | None:
    labels, reference, current = (detail.get(name) or [] for name in _HISTOGRAM)
    if not labels or len({len(labels), len(reference), len(current)}) != 1:
        return None
    return Shares(tuple(map(str, labels)), tuple(reference), tuple(current), str(detail.get("kind", "")))
