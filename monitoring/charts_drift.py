"""Charts of the Drift tab: both samples of a signal as overlaid bars, and the drift score over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from experiments.models import Deployment
from mlopspro.core.charts import Axis, BarChart, LineChart, Series, Table, Threshold, bars
from mlopspro.core.formats import share
from monitoring.models import Check
from monitoring.selectors.drift import Shares, anchor_of

MOST_BARS = 20
MOST_VALUES = 12
MOST_MARKS = 6
APART = ("unseen", "infinite", "missing")
"""Bins that hold no value of the reference; they stand apart from the others."""
GAP = ""
Bar = tuple[str, float, float]
"""Label, share of the reference, share now."""


@dataclass(frozen=True, kw_only=True)
class OverlaidChart(BarChart):
    """Bars of two samples drawn over each other; an empty category is a gap, which the table leaves out."""

    KIND: ClassVar[str] = "histogram"

    def table(self) -> Table:
        columns = [dict(one.points) for one in self.series]
        named = [(place, name) for place, name in enumerate(self.categories) if name != GAP]
        rows = tuple((name, *(share(one.get(place)) for one in columns)) for place, name in named)
        return Table((self.x.label, *(one.name for one in self.series)), rows)


def histogram(name: str, title: str, shares: Shares | None, rows: str = "predictions") -> OverlaidChart:
    """Shares of both samples by the reference's bins: quantiles of numbers in order, the most frequent categories."""
    found = bars_of(shares) if shares is not None else []
    return OverlaidChart(
        key=anchor_of(name),
        title=title,
        categories=tuple(label for label, _, _ in found),
        series=(
            bars("Reference", [_shown(label, one) for label, one, _ in found], colour="reference"),
            bars("Now", [_shown(label, two) for label, _, two in found], colour=1),
        ),
        x=Axis("Values"),
        y=Axis(f"Share of {rows}", kind="share", minimum=0),
        empty="This signal has no histograms: it could not be judged.",
    )


def _shown(label: str, share: float) -> float | None:
    return None if label == GAP else share


def bars_of(shares: Shares) -> list[Bar]:
    """At most twenty bars and those that stand apart, which are left out where both samples have nothing in them."""
    whole = list(zip(shares.labels, shares.reference, shares.current, strict=True))
    apart = [one for one in whole[-2:] if one[0] in APART]
    known = whole[: len(whole) - len(apart)]
    apart = [one for one in apart if one[1] or one[2]]
    if _is_numeric(known):
        known = merged(known)
    elif len(known) > MOST_BARS:
        known = leading(known)
    return [*known, (GAP, 0.0, 0.0), *apart] if apart else known


def _is_numeric(known: Sequence[Bar]) -> bool:
    """Ranges in order, such as "< 2", "2 to 3.5", "≥ 9", as ``Bins.labels`` writes them."""
    inner = [label for label, _, _ in known[1:-1]]
    return bool(inner) and known[0][0].startswith("< ") and all(" to " in label for label in inner)


def merged(known: Sequence[Bar]) -> list[Bar]:
    """Neighbouring ranges together up to about a twentieth of the reference; those outside it stay by themselves."""
    below, *inner, above = known
    found: list[list[Bar]] = [[]]
    for one in inner:
        held = sum(each[1] for each in found[-1])
        if found[-1] and held + one[1] / 2 > 1 / MOST_BARS:
            found.append([])
        found[-1].append(one)
    ends = [one for one in (below, above) if one[1] or one[2]]
    joined = [_joined(group) for group in found if group]
    return [*ends[:1], *joined, *ends[1:]] if below in ends else [*joined, *ends]


def _joined(group: Sequence[Bar]) -> Bar:
    first, last = group[0][0].partition(" to ")[0], group[-1][0].partition(" to ")[2]
    return f"{first} to {last}", sum(one for _, one, _ in group), sum(two for _, _, two in group)


def leading(known: Sequence[Bar]) -> list[Bar]:
    """The twelve that are most frequent in either sample, in their order, and all others together."""
    ranked = sorted(known, key=lambda one: -max(one[1], one[2]))
    kept = {label for label, _, _ in ranked[:MOST_VALUES]}
    rest = [one for one in known if one[0] not in kept]
    others = (f"{len(rest)} others", sum(one for _, one, _ in rest), sum(two for _, _, two in rest))
    return [*(one for one in known if one[0] in kept), others]


def score_over_time(course: Sequence[Check], threshold: float, deployments: Sequence[Deployment]) -> LineChart:
    """The drift score of the period's checks with its threshold; a check that judged nothing is a gap."""
    begun = list(deployments)[-MOST_MARKS:]
    return LineChart(
        key="drift-score",
        title="Drift score over time",
        series=(Series("Drift score", tuple((one.at.timestamp(), one.score) for one in course), 1),),
        x=Axis("Time", kind="time"),
        y=Axis("Drift score", minimum=0, maximum=1),
        thresholds=(
            Threshold(f"threshold {threshold:.2f}", threshold),
            *(Threshold(f"{one.version.number} goes live", one.started_at.timestamp(), "x") for one in begun),
        ),
        empty="No check in this period could judge drift.",
    )
