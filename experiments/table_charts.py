"""The charts of a dataset that is a table, made from the statistics that its import stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from experiments.dataset_charts import bins
from experiments.learning.families import ABOUT, Family
from mlopspro.core.charts import Axis, BarChart, Chart, bars
from mlopspro.core.formats import metric, number

MOST_CHARTS = 12
ROWS = Axis("Rows", kind="integer", minimum=0)
_SHOWN_CHARACTERS = 24


def charts_of_table(found: Mapping[str, Any]) -> list[Chart]:
    """Rows over time, then a distribution a column, those with a role first; at most twelve."""
    plots: list[Chart] = []
    if found.get("activity"):
        plots.append(activity(found["activity"]))
    # What is a feature like many others needs no word about it in the title.
    labels = {role.name: role.label for role in ABOUT[Family(found["family"])].roles if role.required or not role.many}
    for place, column in enumerate(found["distributions"]):
        if len(plots) == MOST_CHARTS:
            break
        plot = distribution(place, column, labels)
        if plot is not None:
            plots.append(plot)
    return plots


def distribution(place: int, column: Mapping[str, Any], labels: Mapping[str, str]) -> BarChart | None:
    """How often which number or value occurs; None for a column of times or without a value, or of names."""
    role = labels.get(column["role"], "")
    title = f"{column['name']} ({role.lower()})" if role and role.lower() != column["name"].lower() else column["name"]
    missing = f" {number(column['missing'])} rows have none." if column["missing"] else ""
    key = f"column-{place}"
    if "histogram" in column:
        summary = f"Mean {metric(column['mean'])}, standard deviation {metric(column['standard_deviation'])}.{missing}"
        return bins(key, title, column["name"], ROWS, column["histogram"], summary)
    if "values" not in column or _is_name(column):
        return None
    return values(key, title, column, missing)


def values(key: str, title: str, column: Mapping[str, Any], missing: str) -> BarChart:
    """A bar a kind, the most frequent first; the rest are one bar."""
    rows: list[tuple[str, int]] = [(str(row["value"]), row["count"]) for row in column["values"]]
    others = column["others"]
    if others["count"]:
        rows.append((f"{number(others['distinct'])} others", others["count"]))
    kinds = len(column["values"]) + others["distinct"]
    return BarChart(
        key=key,
        title=title,
        series=(bars(ROWS.title, [count for _, count in rows]),),
        categories=tuple(_short(value) for value, _ in rows),
        x=Axis(column["name"]),
        y=ROWS,
        summary=f"{number(kinds)} kinds; most often {_short(rows[0][0])} ({number(rows[0][1])} rows).{missing}",
    )


def activity(found: Sequence[Mapping[str, Any]]) -> BarChart:
    """Rows a day, or of several days where the time range is long."""
    days = found[0]["days"]
    every = "a day" if days == 1 else f"every {days} days, named by the first"
    return BarChart(
        key="activity",
        title="Rows over time",
        series=(bars(ROWS.title, [row["count"] for row in found]),),
        categories=tuple(f"{dt.date.fromisoformat(row['day']):%-d %b %Y}" for row in found),
        x=Axis("Day"),
        y=ROWS,
        summary=f"Rows {every} (UTC).",
    )


def _is_name(column: Mapping[str, Any]) -> bool:
    """Nearly every value is another one: bars would say nothing."""
    return bool(column["values"][0]["count"] <= 3 and column["others"]["distinct"] > 0)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
