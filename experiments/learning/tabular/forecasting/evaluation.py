"""How well coming days were forecast, from every origin of the split (the forecast protocol)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.metrics.result import MetricResult
from experiments.learning.tabular.base import (
    Floats,
    Rows,
    TablePart,
    TableSplit,
    TabularData,
    TabularEvaluation,
    TabularFitted,
)
from experiments.learning.tabular.columns import day_name
from experiments.learning.tabular.forecasting.judged import Judged
from experiments.learning.tabular.forecasting.metrics import OF_ERROR, SEASON, errors_of, metric

DEFINITION = "1"
SHOWN_SERIES, SHOWN_DAYS, SHOWN_STEPS = 6, 120, 60
MOST_WEEKS = 8
"""Weeks ahead that are segments of their own."""
Errors = dict[str, Floats]


def evaluate(
    fitted: list[TabularFitted], data: TabularData, parts: list[TablePart], split: TableSplit
) -> TabularEvaluation:
    """Pools the test rows of all folds; see ``metrics`` for the formulas.

    Details: ``series``, forecast against actual of the six largest, each {name, day, actual, forecast, naive} thinned
    to 120 days; ``by_step``, {step, rows, mase, naive_mase, mae, naive_mae} for each day ahead.

    Raises:
        TableError: no test row has a known target, or the table does not fit the forecaster.
    """
    judged = Judged.of(fitted, data, parts)
    errors = errors_of(judged.actual, judged.forecast, judged.scale)
    naive = errors_of(judged.actual, judged.naive, judged.scale)
    return TabularEvaluation(
        metrics=_metrics(judged, errors, naive),
        per_unit=_per_unit(judged, errors),
        protocol=_protocol(judged, parts, split),
        details={"series": _shown(judged), "by_step": _by_step(judged, errors, naive)},
    )


def _metrics(judged: Judged, errors: Errors, naive: Errors) -> list[MetricResult]:
    everything = np.arange(len(judged.actual))
    found = [_result(name, "all", judged, errors, naive, everything) for name in OF_ERROR]
    weeks = (judged.step - 1) // 7
    if weeks.max() > 0:
        found += [
            _result("mase", f"week_{week + 1}", judged, errors, naive, np.flatnonzero(weeks == week))
            for week in range(min(int(weeks.max()) + 1, MOST_WEEKS))
        ]
    return found


def _result(name: str, segment: str, judged: Judged, errors: Errors, naive: Errors, rows: Rows) -> MetricResult:
    counted = rows[~np.isnan(errors[OF_ERROR[name]][rows])]
    series = len(np.unique(judged.series[counted]))
    return MetricResult(
        name=name,
        protocol="forecast",
        value=metric(name, errors, rows),
        segment=segment,
        higher_is_better=False,
        users_counted=series,
        users_left_out=len(np.unique(judged.series[rows])) - series,
        naive=metric(name, naive, rows),
        definition=DEFINITION,
    )


def _per_unit(judged: Judged, errors: Errors) -> pd.DataFrame:
    """Sums of each unit as ``TabularEvaluation`` names them, and ``error``, whose sum over rows is the bias."""
    unit, _ = _units(judged)
    codes, position = np.unique(unit, return_inverse=True)
    rows = np.bincount(position).astype(np.float64)
    table = {"user": codes, "protocol": "forecast", "segment": "all", "rows": rows}
    for name, values in errors.items():
        known = ~np.isnan(values)
        count = np.bincount(position, known.astype(np.float64))
        total = np.bincount(position, np.where(known, values, 0.0))
        table[name] = np.where(count > 0, total, np.nan)
        if name == "percentage_error":
            table["percentage_rows"] = np.where(count > 0, count, np.nan)
    return pd.DataFrame(table)


def _units(judged: Judged) -> tuple[Rows, str]:
    """Code of each row's unit: its series, or, of a single series, its week (so that there is something to resample).

    Both are stable for one dataset: the place among all series in order of their labels, and weeks since 1970.
    """
    return (judged.series, "series") if len(judged.names) > 1 else (judged.day // 7, "week")


def _protocol(judged: Judged, parts: list[TablePart], split: TableSplit) -> dict[str, Any]:
    tested = np.unique(judged.series)
    without = np.unique(judged.series[np.isnan(judged.scale)])
    origins = [part.name for part in parts if part.name]
    return {
        "definition": DEFINITION,
        "label": "forecast",
        "summary": (
            f"Forecasts of {len(tested):,} series from {len(parts)} origin{'s' if len(parts) > 1 else ''}, up to "
            f"{int(judged.step.max())} days ahead, each from what was known at its origin."
        ),
        "method": split.method,
        "folds": len(parts),
        "origins": origins,
        "horizon": int(judged.step.max()),
        "season": SEASON,
        "unit": _units(judged)[1],
        "rows": len(judged.actual),
        "rows_left_out": judged.left_out,
        "zero_rows": int((judged.actual == 0).sum()),
        "users_counted": len(tested),
        "users_left_out": 0,
        "without_scale": [judged.names[series] for series in without[:20]],
        "without_scale_count": len(without),
        "naive": "the same weekday of the last week known at the origin",
        "mase": "errors over the series' mean change from week to week before the origin; series that never changed, "
        "or were known for less than eight days, before any of the origins are left out",
        "mape": "percent; days whose actual is 0 are left out",
        "smape": "2 |forecast - actual| / (|forecast| + |actual|), percent, between 0 and 200",
        "bias": "mean of forecast - actual; nearest to 0 is best",
    }


def _shown(judged: Judged) -> list[dict[str, Any]]:
    """Forecast against actual of the largest series, thinned evenly."""
    size = np.bincount(judged.series, np.abs(judged.actual), len(judged.names))
    tested = np.unique(judged.series)
    largest = tested[np.argsort(-size[tested], kind="stable")][:SHOWN_SERIES]
    shown = []
    for series in largest:
        rows = np.flatnonzero(judged.series == series)
        rows = rows[np.argsort(judged.day[rows], kind="stable")]
        if len(rows) > SHOWN_DAYS:
            rows = rows[np.linspace(0, len(rows) - 1, SHOWN_DAYS).round().astype(np.int64)]
        shown.append(
            {
                "name": judged.names[series] or "all",
                "day": [day_name(day) for day in judged.day[rows]],
                "actual": _rounded(judged.actual[rows]),
                "forecast": _rounded(judged.forecast[rows]),
                "naive": _rounded(judged.naive[rows]),
            }
        )
    return shown


def _by_step(judged: Judged, errors: Errors, naive: Errors) -> list[dict[str, Any]]:
    """MASE and MAE of each day ahead."""
    found = []
    for step in np.unique(judged.step)[:SHOWN_STEPS]:
        rows = np.flatnonzero(judged.step == step)
        found.append(
            {
                "step": int(step),
                "rows": len(rows),
                "mase": metric("mase", errors, rows),
                "naive_mase": metric("mase", naive, rows),
                "mae": metric("mae", errors, rows),
                "naive_mae": metric("mae", naive, rows),
            }
        )
    return found


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.6g}") for value in values]
