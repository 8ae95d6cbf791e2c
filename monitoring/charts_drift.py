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
    """Shares of both samples in the bars that the check kept: ranges of numbers in order, the most frequent values."""
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
    """Bars that stand apart come last, behind a gap; where both samples have nothing in one of them it is left out."""
    whole = list(zip(shares.labels, shares.reference, shares.current, strict=True))
    ends = len(whole) - sum(1 for label in shares.labels[-len(APART) :] if label in APART)
    known, apart = whole[:ends], [one for one in whole[ends:] if one[1] or one[2]]
    known = [one for place, one in enumerate(known) if one[1] or one[2] or 0 < place < ends - 1]
    return [*known, (GAP, 0.0, 0.0), *apart] if apart else known


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
