"""A drill as a picture: what each policy gained over never, quality over time, and when each retrained and why."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from mlopspro.core.charts import Axis, LineChart, Series, Threshold

TITLES = {"never": "Never", "weekly": "Every week", "daily": "Every day", "ours": "This policy"}
COLOURS = {"never": 6, "weekly": 2, "daily": 5, "ours": 1}
FIGURES = (
    ("ndcg_at_10", "NDCG@10 over time", "NDCG@10"),
    ("f1_at_10", "F1@10 over time", "F1@10"),
    ("cost_per_1000", "Cost of errors over time", "Dollars per 1,000 decisions"),
)
MARKS = 3
Point = tuple[float, float | None]
Outcome = dict[str, Any]


def charts(result: dict[str, Any]) -> list[LineChart]:
    """The gain first; then one a figure, in weeks of the stream."""
    found = [
        LineChart(
            key=f"drill-{name}",
            title=title,
            series=tuple(_line(one, name, result["days"]) for one in result["outcomes"]),
            x=Axis("Day", kind="integer"),
            y=Axis(label),
            thresholds=_drifts(result),
            group="drill",
            summary=f"{label} under each policy by day of the stream; dashed lines are drifts.",
        )
        for name, title, label in FIGURES
    ]
    gain = gained(result)
    return [gain, *found] if gain is not None else found


def gained(result: dict[str, Any]) -> LineChart | None:
    """NDCG@10 gained over never, summed up day by day: every day ends at 100 %, the others at what they recover.

    Marks on the line of the policy are its retrainings. None where a drill lacks one of the two ends or any gain.
    """
    outcomes = {one["strategy"]: one for one in result["outcomes"]}
    if not {"never", "daily"} <= outcomes.keys():
        return None
    whole = sum(_gains(outcomes["daily"], outcomes["never"]))
    if whole <= 0:
        return None
    series = []
    for name in ("weekly", "daily", "ours"):
        if name in outcomes:
            points = _summed(outcomes[name], outcomes["never"], whole, result)
            series.append(Series(TITLES[name], points, COLOURS[name], dashed=name == "daily"))
            if name == "ours":
                marks = tuple((float(day), _height(points, day)) for day in outcomes[name]["retrainings"])
                series.append(Series("It retrains", marks, MARKS, drawn="points"))
    return LineChart(
        key="drill-gained",
        title="Gained over never, summed up",
        series=tuple(series),
        x=Axis("Day", kind="integer"),
        y=Axis("Of what every day gains", kind="share"),
        thresholds=_drifts(result),
        group="drill",
        summary="NDCG@10 gained over never by each policy so far, as a share of what every day gains in all.",
    )


def when(result: dict[str, Any]) -> LineChart:
    """When each policy but every day retrained: a row of points each, those of the policy apart by why."""
    outcomes = {one["strategy"]: one for one in result["outcomes"]}
    rows: list[tuple[str, list[int], int]] = []
    if "weekly" in outcomes:
        rows.append((TITLES["weekly"], outcomes["weekly"]["retrainings"], COLOURS["weekly"]))
    if "ours" in outcomes:
        why = reasons(outcomes["ours"])
        rows += [
            ("By its schedule", why["schedule"], 1),
            ("By new data", why["data"], 3),
            ("By a signal", why["signal"], 4),
        ]
    rows = [one for one in rows if one[1]]
    return LineChart(
        key="drill-retrainings",
        title="When it retrained, and why",
        series=tuple(
            Series(title, tuple((float(day), float(place)) for day in days), colour, drawn="points")
            for place, (title, days, colour) in enumerate(rows, 1)
        ),
        x=Axis("Day", kind="integer", minimum=float(result["warm_up_days"]), maximum=float(result["days"])),
        y=Axis("Row", kind="integer", minimum=0, maximum=len(rows) + 2.0),  # names of drifts stand above the points
        thresholds=_drifts(result),
        empty="Neither retrained.",
    )


def reasons(one: Outcome) -> dict[str, list[int]]:
    """Days of its retrainings by why; a drill that was kept before new data was a reason has none by it."""
    signal, data = one["by_signal"], one.get("by_data", [])
    return {
        "schedule": [day for day in one["retrainings"] if day not in signal and day not in data],
        "data": list(data),
        "signal": list(signal),
    }


def sentence(result: dict[str, Any]) -> str:
    """What the drill says, weekly beside it: where the schedule alone does as well, that is to be seen."""
    outcomes = {one["strategy"]: one for one in result["outcomes"]}
    ours, daily = outcomes.get("ours"), outcomes.get("daily")
    if ours is None or daily is None or ours["recovered"] is None or not daily["retrainings"]:
        return ""
    if (result["gap"] or 0.0) <= 0:
        return "Retraining every day gained nothing over never on this data, so there was nothing to recover."
    told = f"This policy {_brought(ours)}"
    if (low := ours.get("recovered_low")) is not None:
        told += f" (95\u00a0% of draws of its users: {_share(low)} to {_share(ours['recovered_high'])})"
    if (weekly := outcomes.get("weekly")) is None or weekly["recovered"] is None:
        return f"{told}."
    return f"{told}; every week {_brought(weekly)}."


def _brought(one: Outcome) -> str:
    return (
        f"recovered {_share(one['recovered'])} of what every day gains over never, "
        f"with {_share(one['retrainings_share'] or 0.0)} of its retrainings"
    )


def _share(value: float) -> str:
    return f"{100 * value:.0f}\u00a0%"


def _line(one: Outcome, name: str, days: int) -> Series:
    """Each stretch in its middle: at its beginning a fall would stand before the drift that it comes from."""
    starts = [part["day"] for part in one["line"]]
    points = tuple(
        ((start + end) / 2, part[name])
        for part, start, end in zip(one["line"], starts, [*starts[1:], days], strict=True)
    )
    return Series(TITLES.get(one["strategy"]) or str(one["strategy"]), points, COLOURS.get(one["strategy"]))


def _drifts(result: dict[str, Any]) -> tuple[Threshold, ...]:
    return tuple(Threshold(name.replace("_", " "), day, axis="x") for name, day in result["drifts"])


def _gains(one: Outcome, never: Outcome) -> list[float]:
    """Of each stretch; both answered the same lists."""
    pairs = zip(one["line"], never["line"], strict=True)
    return [part["lists"] * ((part["ndcg_at_10"] or 0.0) - (least["ndcg_at_10"] or 0.0)) for part, least in pairs]


def _summed(one: Outcome, never: Outcome, whole: float, result: dict[str, Any]) -> tuple[Point, ...]:
    """At the ends of the stretches, from nothing on the first day."""
    starts = [part["day"] for part in one["line"]]
    ends = [*starts[1:], result["days"]]
    points: list[Point] = [(float(starts[0]), 0.0)]
    total = 0.0
    for end, gain in zip(ends, _gains(one, never), strict=True):
        total += gain
        points.append((float(end), total / whole))
    return tuple(points)


def _height(points: tuple[Point, ...], day: float) -> float | None:
    """Of the line on a day between two of its points."""
    for (left, low), (right, high) in pairwise(points):
        if left <= day <= right and low is not None and high is not None:
            return low + (high - low) * (day - left) / (right - left) if right > left else high
    return None
