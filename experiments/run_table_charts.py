"""Charts of a run on a table, as records: one function a drawing, from what the evaluation left (``details``)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mlopspro.core.charts import Axis, BarChart, Chart, LineChart, ScatterChart, Series, Threshold, bars
from mlopspro.core.formats import metric

Details = Mapping[str, Any]
SERIES_DRAWN = 4
BARS = 15
COLUMNS = 12


def charts_of(family: str, details: Details) -> list[Chart]:
    """Everything that can be drawn of a run of this family; parts that its evaluation did not leave are left out."""
    found: list[Chart] = []
    for draw in OF_FAMILY.get(family, ()):
        found += draw(details)
    return found


def forecasts(details: Details) -> list[Chart]:
    """Forecast against actual of some series, each a chart."""
    found: list[Chart] = []
    for number, one in enumerate(list(details.get("series") or [])[:SERIES_DRAWN], 1):
        days = [_seconds(day) for day in one.get("day", ())]
        lines = (
            Series("Actual", _points(days, one.get("actual"))),
            Series("Forecast", _points(days, one.get("forecast"))),
            Series("Naive", _points(days, one.get("naive")), colour="reference", dashed=True, hidden=True),
        )
        found.append(
            LineChart(
                key=f"forecast-{number}",
                title=str(one.get("name") or "All rows"),
                series=tuple(line for line in lines if line.points),
                x=Axis("Day", kind="time"),
                y=Axis("Value"),
                summary=f"Forecast and actual values of {one.get('name') or 'the table'} on tested days.",
            )
        )
    return found


def errors_by_step(details: Details) -> list[Chart]:
    """How the error grows with the days ahead, beside that of the naive forecast."""
    rows = list(details.get("by_step") or [])
    if not rows:
        return []
    lines = (
        Series("Model", tuple((row["step"], row.get("mae")) for row in rows)),
        Series("Naive", tuple((row["step"], row.get("naive_mae")) for row in rows), colour="reference", dashed=True),
    )
    return [
        LineChart(
            key="by-step",
            title="Error by days ahead",
            series=lines,
            x=Axis("Days ahead", kind="integer"),
            y=Axis("Mean absolute error", minimum=0),
        )
    ]


def elasticities(details: Details) -> list[Chart]:
    """Own-price elasticity of the products, the most elastic first, with the mean of all as a line."""
    found = details.get("elasticity") or {}
    products = sorted(found.get("products") or [], key=lambda one: one.get("elasticity") or 0.0)[:BARS]
    if not products:
        return []
    counted = len(found.get("products") or [])
    mean = found.get("mean")
    interval = f", {_interval(found)}" if found.get("low") is not None else ""
    return [
        BarChart(
            key="elasticity",
            title="Elasticity by product",
            series=(bars("Elasticity", [one.get("elasticity") for one in products]),),
            categories=tuple(str(one.get("name")) for one in products),
            x=Axis("Product"),
            y=Axis("Own-price elasticity"),
            thresholds=(Threshold(f"Mean {metric(mean)}", mean),) if isinstance(mean, int | float) else (),
            summary=f"The {len(products)} most elastic of {counted} products; mean {metric(mean)}{interval}.",
        )
    ]


def demand_curves(details: Details) -> list[Chart]:
    """Quantity the model expects at other prices, of a few products."""
    lines = [
        Series(str(one.get("product")), _points(one.get("price"), one.get("quantity")))
        for one in list(details.get("curves") or [])[:SERIES_DRAWN]
    ]
    if not lines:
        return []
    return [
        LineChart(
            key="demand",
            title="Demand by price",
            series=tuple(lines),
            x=Axis("Price"),
            y=Axis("Expected quantity", minimum=0),
            summary="What the model expects to sell at other prices, everything else being as usual.",
        )
    ]


def calibration(details: Details) -> list[Chart]:
    """Observed rate against predicted probability in each bin; a calibrated model lies on the diagonal."""
    points = tuple((row.get("predicted"), row.get("actual")) for row in details.get("calibration") or [])
    known = tuple((float(x), y) for x, y in points if x is not None)
    if not known:
        return []
    ideal = Series("Calibrated", ((0.0, 0.0), (1.0, 1.0)), colour="reference", dashed=True)
    return [
        LineChart(
            key="calibration",
            title="Calibration",
            series=(Series("Model", known), ideal),
            x=Axis("Predicted probability", kind="share", minimum=0, maximum=1),
            y=Axis("Observed rate", kind="share", minimum=0, maximum=1),
        )
    ]


def uplift(details: Details) -> list[Chart]:
    """What acting adds, on the share of customers for whom it should help most, against acting on a random share."""
    found = details.get("uplift_curve") or {}
    points = tuple((row["share"], row.get("added")) for row in found.get("points") or [])
    if not points:
        return []
    last = points[-1][1]
    chance = Series("At random", ((0.0, 0.0), (1.0, last)), colour="reference", dashed=True)
    return [
        LineChart(
            key="uplift",
            title="Uplift curve",
            series=(Series("Model", points), *((chance,) if last is not None else ())),
            x=Axis("Share of customers acted on", kind="share", minimum=0, maximum=1),
            y=Axis("Added rate of success"),
            summary="How much the rate of success rises over all customers when those are acted on first for whom it "
            "should help most.",
        )
    ]


def actions(details: Details) -> list[Chart]:
    """Rate of success of each action as it was taken, predicted and observed."""
    rows = list(details.get("actions") or [])
    if not rows:
        return []
    return [
        BarChart(
            key="actions",
            title="Success by action",
            series=(
                bars("Observed", [row.get("rate") for row in rows]),
                bars("Predicted", [row.get("predicted") for row in rows]),
            ),
            categories=tuple(str(row.get("action")) for row in rows),
            x=Axis("Action"),
            y=Axis("Rate of success", kind="share", minimum=0),
        )
    ]


def policy(details: Details) -> list[Chart]:
    """Estimated rate of success of following the model, beside simpler ways to choose an action."""
    found = details.get("policy") or {}
    model = found.get("model") or {}
    if model.get("value") is None:
        return []
    rows = [("The model", model["value"]), ("As it was", found["as_assigned"]), ("At random", found["random"])]
    rows += [(f"Always {name}", each["value"]) for name, each in found["single"].items() if each["value"] is not None]
    return [
        BarChart(
            key="policy",
            title="Value of following the model",
            series=(bars("Estimated rate of success", [value for _, value in rows[:BARS]]),),
            categories=tuple(name for name, _ in rows[:BARS]),
            x=Axis("Way to choose"),
            y=Axis("Estimated rate of success", kind="share", minimum=0),
            summary=f"The model: {metric(model['value'])}, 95 % interval {metric(model['low'])} to "
            f"{metric(model['high'])}, from {model['rows']} tested rows whose action was the model's. "
            "It holds where actions were drawn at random.",
        )
    ]


def predicted_and_actual(details: Details) -> list[Chart]:
    """A point a tested place; a perfect model lies on the diagonal."""
    places = details.get("places") or {}
    points = _points(places.get("predicted"), places.get("actual"))
    if not points:
        return []
    every = [value for pair in points for value in pair if value is not None]
    low, high = min(every), max(every)
    ideal = Series("Perfect", ((low, low), (high, high)), colour="reference")
    return [
        ScatterChart(
            key="predicted",
            title="Predicted and actual",
            series=(Series("Test places", points), ideal),
            x=Axis("Predicted"),
            y=Axis("Actual"),
        )
    ]


def residual_map(details: Details) -> list[Chart]:
    """Where it errs: test places by their coordinates, those it scores too low apart from those too high."""
    places = details.get("places") or {}
    rows = list(zip(places.get("longitude", ()), places.get("latitude", ()), places.get("residual", ()), strict=False))
    if not rows:
        return []
    below = tuple((x, y) for x, y, residual in rows if residual >= 0)
    above = tuple((x, y) for x, y, residual in rows if residual < 0)
    return [
        ScatterChart(
            key="residuals",
            title="Where it errs",
            series=(Series("Scored too low", below), Series("Scored too high", above)),
            x=Axis("Longitude", unit="°"),
            y=Axis("Latitude", unit="°"),
        )
    ]


def importance(details: Details) -> list[Chart]:
    """By how much the error rises when a column is shuffled."""
    rows = list(details.get("importance") or [])[:COLUMNS]
    if not rows:
        return []
    return [
        BarChart(
            key="importance",
            title="Importance of columns",
            series=(bars("Rise of the error", [row.get("importance") for row in rows]),),
            categories=tuple(str(row.get("column")) for row in rows),
            x=Axis("Column"),
            y=Axis("Rise of the error when shuffled"),
            horizontal=True,
        )
    ]


Draw = Callable[[Details], list[Chart]]
OF_FAMILY: dict[str, tuple[Draw, ...]] = {
    "forecasting": (forecasts, errors_by_step, importance),
    "pricing": (elasticities, demand_curves, importance),
    "next_best_action": (calibration, uplift, policy, actions, importance),
    "location_scoring": (predicted_and_actual, residual_map, importance),
}


def _points(xs: Sequence[Any] | None, ys: Sequence[Any] | None) -> tuple[tuple[float, float | None], ...]:
    return tuple((float(x), y) for x, y in zip(xs or (), ys or (), strict=False) if x is not None)


def _seconds(day: str) -> float:
    return dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC).timestamp()


def _interval(found: Mapping[str, Any]) -> str:
    level = found.get("level") or 0.95
    return f"{level * 100:.0f} % between {metric(found.get('low'))} and {metric(found.get('high'))}"
