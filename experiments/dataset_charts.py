"""The charts of a dataset, made from the statistics that its import stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.models import Dataset
from mlopspro.core.charts import Axis, BarChart, Chart, LineChart, Series, bars
from mlopspro.core.formats import metric, number, share

COUNT = Axis("Interactions", kind="integer", minimum=0)


def charts_of(dataset: Dataset) -> list[Chart]:
    """Those for which there are figures: values, long tail, activity, interactions per user and per item."""
    found = dataset.statistics
    if not found:
        return []
    plots: list[Chart] = [
        values(found["values"], "Rating" if dataset.feedback == "explicit" else "Strength"),
        lorenz(found["long_tail"]),
    ]
    if found.get("activity"):
        plots.append(activity(found["activity"]))
    plots += [
        per_one("per-user", "Interactions per user", "Users", found["per_user"]),
        per_one("per-item", "Interactions per item", "Items", found["per_item"]),
    ]
    return plots


def values(found: Mapping[str, Any], title: str) -> BarChart:
    summary = f"Mean {metric(found['mean'])}, standard deviation {metric(found['standard_deviation'])}."
    return bins("values", f"{title}s" if title == "Rating" else title, title, COUNT, found["histogram"], summary)


def per_one(key: str, title: str, noun: str, found: Mapping[str, Any]) -> BarChart:
    quantiles = found["quantiles"]
    summary = (
        f"Mean {metric(found['mean'])}, median {metric(quantiles['0.5'])}, "
        f"from {number(quantiles['0'])} to {number(quantiles['1'])}."
    )
    return bins(key, title, "Interactions", Axis(noun, kind="integer", minimum=0), found["histogram"], summary)


def lorenz(found: Mapping[str, Any]) -> LineChart:
    """Share of interactions of the least popular items; the diagonal is equal popularity."""
    parts = sorted((float(part), value) for part, value in found["head"].items())
    head = ", ".join(f"the top {share(part, 0)} have {share(value)}" for part, value in parts)
    return LineChart(
        key="long-tail",
        title="Long tail",
        series=(
            Series("Items", tuple((x, y) for x, y in found["lorenz"])),
            Series("All items equal", ((0.0, 0.0), (1.0, 1.0)), colour="reference", dashed=True),
        ),
        x=Axis("Share of items, the least popular first", kind="share", minimum=0, maximum=1),
        y=Axis("Share of interactions", kind="share", minimum=0, maximum=1),
        summary=f"Of the items, {head}. Gini {metric(found['gini'])}.",
    )


def activity(found: Sequence[Mapping[str, Any]]) -> BarChart:
    """Interactions a month, or of several months where the time range is long."""
    months = found[0]["months"]
    every = "a month" if months == 1 else f"every {months} months, named by the first"
    return BarChart(
        key="activity",
        title="Activity over time",
        series=(bars(COUNT.title, [row["count"] for row in found]),),
        categories=tuple(f"{dt.date.fromisoformat(row['month'] + '-01'):%b %Y}" for row in found),
        x=Axis("Month"),
        y=COUNT,
        summary=f"Interactions {every} (UTC).",
    )


def bins(key: str, title: str, x: str, y: Axis, rows: Sequence[Mapping[str, Any]], summary: str) -> BarChart:
    return BarChart(
        key=key,
        title=title,
        series=(bars(y.title, [row["count"] for row in rows]),),
        categories=tuple(_span(row["from"], row["to"]) for row in rows),
        x=Axis(x),
        y=y,
        summary=summary,
    )


def _span(low: float, high: float) -> str:
    first, last = (number(end) if float(end).is_integer() else metric(end) for end in (low, high))
    return first if first == last else f"{first}–{last}"
