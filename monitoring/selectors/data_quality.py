"""What the data tab shows: is what comes in sound, is it fresh, and who gets seen (F141, F151, F152)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from experiments.models import RegisteredModel
from monitoring.models import Check, Finding, Source, Verdict
from monitoring.selectors import checks
from monitoring.selectors.windows import Period, Totals, WindowPoint, series, total
from monitoring.summaries.popularity import GROUPS
from monitoring.summaries.signals import FEATURE

COLUMNS = ("missing", "out_of_range", "unseen", "type_change", "appeared")
MOST_POINTS = 170
TOP = 10
GROUP_WORDS = {"head": "Popular items", "tail": "Rare items", "new": "Items unknown to training"}
_ORDER = {Verdict.ACT: 0, Verdict.WATCH: 1, Verdict.NOT_ENOUGH: 2, Verdict.OK: 3}


@dataclass(frozen=True)
class Column:
    """A column of a table with its findings by statistic."""

    name: str
    found: dict[str, Finding]

    @property
    def verdict(self) -> Verdict:
        deciding = [one.state for one in self.found.values() if one.detail.get("decides")]
        return min(deciding, key=_ORDER.__getitem__, default=Verdict.NOT_ENOUGH)

    @property
    def is_new(self) -> bool:
        return "appeared" in self.found

    @property
    def is_gone(self) -> bool:
        missing = self.found.get("missing")
        return missing is not None and missing.detail.get("reason") == "vanished"

    @property
    def odd(self) -> Finding | None:
        """Values that are outside the range of numbers, or categories never seen."""
        return self.found.get("out_of_range") or self.found.get("unseen")

    @property
    def ratio(self) -> float:
        return max((one.detail.get("ratio") or 0.0 for one in self.found.values()), default=0.0)


@dataclass(frozen=True)
class Group:
    """Items by their popularity in training: the share of places they were shown at, and of what people liked."""

    name: str
    label: str
    shown: float | None
    wanted: float | None
    precision: float | None
    judged: int


@dataclass(frozen=True)
class Exposure:
    """Who gets seen. ``top`` is the share of all places that the ten items shown most hold."""

    groups: list[Group]
    top: float | None
    items: int
    catalogue: int | None
    is_exact: bool

    @property
    def reached(self) -> float | None:
        """Share of the items of training that were shown at all."""
        return min(1.0, self.items / self.catalogue) if self.catalogue else None

    @property
    def leaning(self) -> float | None:
        """By how much popular items are shown more often than they are liked; a difference of shares."""
        head = next((one for one in self.groups if one.name == "head"), None)
        return head.shown - head.wanted if head and head.shown is not None and head.wanted is not None else None

    @property
    def leaning_words(self) -> str:
        points = 100 * (self.leaning or 0.0)
        return f"{abs(points):.1f} points {'more' if points >= 0 else 'less'}"


@dataclass(frozen=True)
class DataQuality:
    """Context of the tab; seven queries."""

    check: Check | None
    freshness: Check | None
    columns: list[Column]
    shares: list[Finding]
    """Of lists: unknown users and items, and how much has feedback."""
    losses: list[Finding]
    ages: list[Finding]
    points: list[WindowPoint]
    course: list[tuple[dt.datetime, float | None]]
    exposure: Exposure | None

    @property
    def bad(self) -> int:
        found = [*self.shares, *self.losses, *(one for column in self.columns for one in column.found.values())]
        return sum(one.state in (Verdict.WATCH, Verdict.ACT) for one in found)


def data_quality(model: RegisteredModel, sources: Sequence[Source], period: Period) -> DataQuality:
    newest = checks.newest([model]).get(model.pk, {})
    check, freshness = newest.get(Check.Area.DATA), newest.get(Check.Area.FRESHNESS)
    found = checks.findings(check)
    step = dt.timedelta(seconds=period.level)
    moments = [start + step for start in period.starts][-MOST_POINTS:]
    scores = checks.course([model], Check.Area.DATA, moments, step)[model.pk]
    served = [one for one in sources if one.role != Source.As.SHADOW]
    return DataQuality(
        check=check,
        freshness=freshness,
        columns=_columns(found),
        shares=[one for one in found if not one.signal.startswith(FEATURE) and one.detail.get("kind") == "share"],
        losses=[one for one in found if one.detail.get("kind") == "count"],
        ages=checks.findings(freshness),
        points=series(served, period),
        course=list(zip(moments, scores, strict=True)),
        exposure=_exposure(total(served, period, ("by_popularity", "top_items", "items", "counts")), served),
    )


def _columns(found: Sequence[Finding]) -> list[Column]:
    """The worst first, new ones last."""
    by_name: dict[str, dict[str, Finding]] = {}
    for one in found:
        if one.signal.startswith(FEATURE) and one.statistic in COLUMNS:
            by_name.setdefault(one.signal.removeprefix(FEATURE), {})[one.statistic] = one
    columns = [Column(name, statistics) for name, statistics in by_name.items()]
    return sorted(columns, key=lambda one: (one.is_new, _ORDER[one.verdict], -one.ratio, one.name))


def _exposure(whole: Totals, sources: Sequence[Source]) -> Exposure | None:
    """None for models that show no lists."""
    if not whole.counts.get("lengths") or not whole.shown_items:
        return None
    counted: dict[str, dict[str, int]] = whole.summary.get("by_popularity") or {}
    sums = {key: sum(group.get(key, 0) for group in counted.values()) for key in ("shown", "wanted")}
    sizes = [one.version.dataset.num_items for one in sources if one.version is not None]
    return Exposure(
        groups=[_group(name, counted[name], sums) for name in GROUPS if name in counted],
        top=min(1.0, sum(one.count for one in whole.top_items(TOP)) / whole.shown_items),
        items=round(whole.items.estimate),
        catalogue=max(sizes, default=None),
        is_exact=whole.items.is_exact,
    )


def _group(name: str, counted: dict[str, int], sums: dict[str, int]) -> Group:
    def part(top: Any, bottom: Any) -> float | None:
        return top / bottom if bottom else None

    return Group(
        name=name,
        label=GROUP_WORDS[name],
        shown=part(counted.get("shown", 0), sums["shown"]),
        wanted=part(counted.get("wanted", 0), sums["wanted"]),
        precision=part(counted.get("hits", 0), counted.get("places", 0)),
        judged=counted.get("judged", 0),
    )
