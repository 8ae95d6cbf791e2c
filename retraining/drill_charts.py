"""A drill as a picture: quality over time under each policy, with the drifts, and when each retrained."""

from __future__ import annotations

from typing import Any

from mlopspro.core.charts import Axis, LineChart, Series, Threshold

TITLES = {"never": "Never", "weekly": "Every week", "daily": "Every day", "ours": "This policy"}
COLOURS = {"never": 6, "weekly": 2, "daily": 5, "ours": 1}
FIGURES = (
    ("ndcg_at_10", "NDCG@10 over time", "NDCG@10"),
    ("f1_at_10", "F1@10 over time", "F1@10"),
    ("cost_per_1000", "Cost of errors over time", "Dollars per 1,000 decisions"),
)


def charts(result: dict[str, Any]) -> list[LineChart]:
    """One a figure, in weeks of the stream."""
    drifts = tuple(Threshold(name.replace("_", " "), day, axis="x") for name, day in result["drifts"])
    return [
        LineChart(
            key=f"drill-{name}",
            title=title,
            series=tuple(_line(one, name) for one in result["outcomes"]),
            x=Axis("Day", kind="integer"),
            y=Axis(label),
            thresholds=drifts,
            group="drill",
            summary=f"{label} under each policy by day of the stream; dashed lines are drifts.",
        )
        for name, title, label in FIGURES
    ]


def when(result: dict[str, Any]) -> LineChart:
    """When each policy but every day retrained: a row of points each."""
    shown = [one for one in result["outcomes"] if one["strategy"] in ("weekly", "ours")]
    return LineChart(
        key="drill-retrainings",
        title="When it retrained",
        series=tuple(
            Series(
                TITLES[one["strategy"]],
                tuple((float(day), float(place)) for day in one["retrainings"]),
                COLOURS[one["strategy"]],
                drawn="points",
            )
            for place, one in enumerate(shown, 1)
        ),
        x=Axis("Day", kind="integer", minimum=0, maximum=float(result["days"])),
        y=Axis("Policy", kind="integer", minimum=0, maximum=len(shown) + 1.0),
        thresholds=tuple(Threshold(name.replace("_", " "), day, axis="x") for name, day in result["drifts"]),
        empty="Neither retrained.",
    )


def _line(one: dict[str, Any], name: str) -> Series:
    points = tuple((float(part["day"]), part[name]) for part in one["line"])
    return Series(TITLES.get(one["strategy"], one["strategy"]), points, COLOURS.get(one["strategy"]))
