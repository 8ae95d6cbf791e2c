"""Curves of runs that were logged elsewhere: a chart a metric under its own name, as many as a page can hold."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from experiments.models import EpochMetrics
from mlopspro.core.charts import Axis, Chart, LineChart, Series
from mlopspro.core.thinning import thin

CHARTS_PER_PAGE = 12
POINTS_PER_PAGE = 9000
"""Points that all charts of one page may have together; each has its lows, highs and ends kept."""
STEP = Axis("Step", kind="integer")


def logged_curves(epochs: Sequence[EpochMetrics], names: Sequence[str]) -> tuple[list[Chart], bool]:
    """A chart for each name, and whether any of them shows fewer points than there are."""
    limit = POINTS_PER_PAGE // max(1, len(names))
    charts: list[Chart] = []
    fewer = False
    for name in names:
        rows = [row for row in epochs if name in row.values]
        points = [(float(row.epoch), row.values[name]) for row in rows]
        kept, places = thin(points, limit)
        fewer |= len(kept) < len(points)
        elapsed = tuple((rows[place].recorded_at - epochs[0].recorded_at).total_seconds() for place in places)
        charts.append(_chart(name, Series(name, tuple(kept), also_at={"seconds": elapsed})))
    return charts, fewer


def _chart(name: str, series: Series) -> Chart:
    return LineChart(
        # Names may hold anything; a key is part of an element's id.
        key=f"logged-{hashlib.sha256(name.encode()).hexdigest()[:12]}",
        title=name,
        series=(series,),
        x=STEP,
        y=Axis(name),
        smoothing=True,
        outliers=True,
        x_choices=(Axis("Time", kind="duration", key="seconds"),),
    )
