"""Components that show figures: tiles, small bars and lines drawn on the server, chart frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlopspro.core import formats, geometry
from mlopspro.core.charts import Chart
from mlopspro.core.components.registry import component
from mlopspro.core.parallel import ParallelChart


@component(body=True)
def tile(
    *,
    label: str,
    value: Any = None,
    unit: str = "",
    note: str = "",
    note_title: str = "",
    tone: str = "",
    href: str = "",
    title: str = "",
) -> dict[str, Any]:
    """A key figure with its name, unit and where it comes from.

    ``note`` is the protocol label of a metric, ``note_title`` its words on hover.

    Numbers are written to three significant digits, texts as they are. The body stands below the figure.
    """
    known = None if isinstance(value, str) else formats.as_float(value)
    text = value if isinstance(value, str) and value else formats.metric(known)
    full = title or ("" if known is None else repr(known))
    return {
        "label": label,
        "text": text,
        "full": full,
        "unit": unit,
        "note": note,
        "note_title": note_title,
        "tone": tone,
        "href": href,
    }


@component()
def reference_bar(
    metric: Any = None,
    *,
    value: Any = None,
    random: Any = None,
    popularity: Any = None,
    oracle: Any = None,
    everything: Any = None,
    naive: Any = None,
    key: bool = True,
) -> dict[str, Any]:
    """A metric between its reference lines; ``metric`` is anything with these attributes. ``key`` names the ticks."""
    if metric is not None:
        value = metric.value
        random, popularity = getattr(metric, "random", None), getattr(metric, "popularity", None)
        oracle, everything = getattr(metric, "oracle", None), getattr(metric, "everything", None)
        naive = getattr(metric, "naive", None)
    bar = geometry.reference_bar(
        value, random=random, popularity=popularity, oracle=oracle, everything=everything, naive=naive
    )
    return {"bar": bar, "key": key}


@component()
def sparkline(values: Sequence[Any], *, label: str = "Course", tone: str = "info") -> dict[str, Any]:
    """The course of a few values in the height of a line of text."""
    return {"line": geometry.sparkline(list(values)), "label": label, "tone": tone}


@component()
def share_bar(value: Any, *, label: str, limit: Any = None, tone: str = "info", text: str = "") -> dict[str, Any]:
    """A share from 0 to 1 as a bar, where there is a limit with its tick."""
    known, edge = formats.as_float(value), formats.as_float(limit)
    return {
        "label": label,
        "percent": None if known is None else round(100 * min(1.0, max(0.0, known)), 2),
        "limit_percent": None if edge is None else round(100 * min(1.0, max(0.0, edge)), 2),
        "text": text or formats.share(known),
        "limit_text": "" if edge is None else formats.share(edge),
        "tone": tone,
    }


@component()
def chart(chart: Chart, *, height: str = "medium", level: int = 3, open: bool = False) -> dict[str, Any]:  # noqa: A002
    """A chart's frame: title, legend that toggles, full screen, download, figures as a table, empty and error state.

    ``height`` is small, medium or tall; ``open`` shows the table from the start.
    """
    return {
        "chart": chart,
        "payload": chart.payload(),
        "table": chart.table(),
        "height": height,
        "level": level,
        "open": open,
    }


@component()
def parallel(chart: ParallelChart, *, addresses: Mapping[str, str] | None = None, level: int = 3) -> dict[str, Any]:
    """Lines across axes with a range to choose on each, by hand, by sliders, or read as a table.

    ``addresses`` are those the chosen lines lead to: "keep" and "list" (get the chosen ranges in ``q``, added to
    "query"), "compare" (gets ``ids`` of at most ten lines).
    """
    return {
        "chart": chart,
        "payload": chart.payload(addresses),
        "table": chart.table(),
        "level": level,
        "steps": [{"number": place + 1, "x": 16 * place} for place in range(5)],
    }
