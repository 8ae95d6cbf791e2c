"""Charts of the cost tab: dollars over time against the limit, and a list's cost by its length."""

from __future__ import annotations

from mlopspro.core.charts import Axis, LineChart, Series, Threshold
from monitoring.charts_windows import marks
from monitoring.selectors.cost import CostPage


def over_time(found: CostPage) -> LineChart:
    """A line a version at the prices of now, with the limit and when deployments began."""
    series = tuple(
        Series(
            one.name,
            tuple((at.start.timestamp(), at.priced.cost.per_1000 if at.priced else None) for at in one.points),
            place + 1,
        )
        for place, one in enumerate(found.courses)
    )
    return LineChart(
        key="cost-course",
        title="Cost per 1,000 predictions over time",
        series=series,
        x=Axis("Time", kind="time"),
        y=Axis("Cost", "$", minimum=0),
        thresholds=(
            Threshold(f"limit ${found.settings.cost_limit:,.0f}", found.settings.cost_limit),
            *marks(found.deployments, found.scene.period),
        ),
        empty=f"No {found.scene.period.step} of this period has ten {found.answers_word} and a known cost.",
    )


def by_length(found: CostPage) -> LineChart | None:
    """Expected cost of a list if it were cut at each length. None where there are no lists."""
    if found.lengths is None:
        return None
    costs = found.lengths.costs
    usual = min(found.usual_length, len(costs) - 1)
    lines = [Threshold(f"cheapest {found.lengths.best}", found.lengths.best, "x")]
    if usual != found.lengths.best:
        lines.append(Threshold(f"now {usual}", usual, "x"))
    return LineChart(
        key="cost-length",
        title="Cost of a list by its length",
        series=(Series.of("Cost a list", [float(one) for one in costs], start=0, colour=1),),
        x=Axis("Items shown", kind="integer", minimum=0),
        y=Axis("Cost", "$", minimum=0),
        thresholds=tuple(lines),
        summary=f"A list costs least with {found.lengths.best} items; lists have {usual} now.",
    )
