"""The charts of a comparison: quality as bars, errors as bars, and curves one over the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from experiments.metric_words import base_and_k, label, protocol_label
from experiments.models import MetricValue
from experiments.selectors.comparison import Compared, MetricKey, Selection
from experiments.selectors.comparison_curves import LABELS, Curves, Epoch
from experiments.selectors.comparison_gathered import Gathered
from experiments.selectors.comparison_metrics import base_group, lines_from
from mlopspro.core.charts import Axis, BarChart, LineChart, Series, bars

GROUP = "runs"
"""Showing and hiding a run holds for all charts of the page."""
QUALITY = ("precision_at_10", "recall_at_10", "f1_at_10", "ndcg_at_10")
ERRORS = ("rmse", "mae")
LINES = {"random": "Random ×", "popularity": "Popularity ▲", "everything": "Everything ◆", "oracle": "Oracle ★"}
"""Each with the shape of its mark."""
EPOCH = Axis("Epoch", kind="integer")
OTHER_AXES = (Axis("Time since start", kind="duration", key="seconds"), Axis("Clock time", kind="time", key="clock"))


def series_name(one: Compared) -> str:
    """A run as every chart of the page calls it."""
    return f"{one.letter} · {one.name}"


def quality_charts(gathered: Gathered) -> list[BarChart]:
    """Precision, recall, F1 and NDCG at 10 of each ranking protocol, and the rating errors; without any that are empty.

    Bars of runs that were not measured as the others were are hollow; reference lines are those of the filled ones.
    """
    found = [_chart(gathered, "rated", QUALITY), _chart(gathered, "catalogue", QUALITY), _errors(gathered)]
    return [chart for chart in found if not chart.is_empty]


def notes_of(chart: BarChart) -> list[str]:
    """What must be said under a chart of quality."""
    names = {series.name for series in chart.series}
    found = []
    hollow = [series.name.partition(" ")[0] for series in chart.series if series.dashed]
    if hollow:
        marks = " The marks belong to the filled bars." if names & set(LINES.values()) else ""
        who = ", ".join(hollow)
        found.append(f"Hollow bars ({who}) were measured otherwise: they only stand beside the others.{marks}")
    return found


def _chart(gathered: Gathered, protocol: str, names: Sequence[str]) -> BarChart:
    shown = [name for name in names if any((protocol, name) in metrics for metrics in gathered.values.values())]
    keys = [(protocol, name) for name in shown]
    return BarChart(
        key=f"quality-{protocol}",
        title=f"{protocol_label(protocol)}: quality at 10",
        series=(*_bars(gathered, keys), *_marks(gathered, keys)),
        categories=tuple(label(base_and_k(name)[0]) for name in shown),
        x=Axis("Metric"),
        y=Axis("Value, higher is better", minimum=0),
        group=GROUP,
    )


def _errors(gathered: Gathered) -> BarChart:
    keys = [("pointwise", name) for name in ERRORS]
    return BarChart(
        key="errors",
        title="Pointwise: rating errors, lower is better",
        series=(*_bars(gathered, keys), *_marks(gathered, keys, ("popularity",))),
        categories=tuple(label(name) for name in ERRORS),
        x=Axis("Metric"),
        y=Axis("Error in rating points, lower is better", minimum=0),
        group=GROUP,
    )


def _bars(gathered: Gathered, keys: Sequence[MetricKey]) -> list[Series]:
    """A row of bars for each run that has any of the figures; hollow ones were measured otherwise."""
    found = []
    for one in gathered.selection.runs:
        figures = [_value(gathered.values[one.key].get(key)) for key in keys]
        if any(figure is not None for figure in figures):
            hollow = any(_is_apart(gathered, one, key) for key, figure in zip(keys, figures, strict=True) if figure)
            found.append(bars(series_name(one), figures, colour=one.colour, dashed=hollow))
    return found


def _value(row: MetricValue | None) -> float | None:
    return None if row is None else row.value


def _is_apart(gathered: Gathered, one: Compared, key: MetricKey) -> bool:
    return one.key not in base_group(gathered.selection, gathered.values, gathered.scope.groups, key)


def _marks(gathered: Gathered, keys: Sequence[MetricKey], names: Iterable[str] = tuple(LINES)) -> list[Series]:
    """Reference lines of the filled bars."""
    rows = [lines_from(gathered.selection, gathered.values, gathered.scope.groups, key) for key in keys]
    found = []
    for name in names:
        figures = [getattr(row, name, None) for row in rows]
        if any(figure is not None for figure in figures):
            found.append(bars(LINES[name], figures, colour="reference", drawn="points"))
    return found


def curve_charts(selection: Selection, curves: Curves, names: Sequence[str]) -> list[LineChart]:
    """One chart for each figure by epoch, one line a run; the epochs are those that ``curves`` holds."""
    return [
        LineChart(
            key=f"curve-{name}",
            title=curve_label(name),
            series=tuple(_lines(selection, curves, name)),
            x=EPOCH,
            y=Axis(curve_label(name)),
            smoothing=True,
            outliers=True,
            x_choices=OTHER_AXES,
            empty="The first point appears with the first epoch." if selection.is_live else "No run has reported it.",
            group=GROUP,
        )
        for name in names
    ]


def _lines(selection: Selection, curves: Curves, name: str) -> Iterator[Series]:
    for one in selection.runs:
        rows = curves.epochs.get(one.run.pk, ())
        if any(row.value(name) is not None for row in rows):
            yield _line(one, rows, name)


def curve_label(name: str) -> str:
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def _line(one: Compared, rows: Sequence[Epoch], name: str) -> Series:
    first = rows[0].at
    return Series(
        series_name(one),
        tuple((row.epoch, _short(row.value(name))) for row in rows),
        colour=one.colour,
        dashed=one.dashed,
        also_at={
            "seconds": tuple(round(row.at - first, 2) for row in rows),
            "clock": tuple(round(row.at) for row in rows),
        },
    )


def _short(value: float | None) -> float | None:
    """Seven digits: all that a loss in single precision has, in half the bytes."""
    return None if value is None else float(f"{value:.7g}")
