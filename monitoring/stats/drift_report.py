"""Drift between two samples of raw rows, column by column: ``(detected, report)`` (F168).

Evidently's default preset where it is installed, whose report can be kept as a page; else Kolmogorov–Smirnov for
numbers and chi-square for categories. Checks do not use this: they compare windows and read no rows. It is for people
who know Evidently's report and want it beside ours, or a second opinion on the same rows.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from monitoring.stats import effects
from monitoring.stats.bins import Bins
from monitoring.stats.significance import benjamini_hochberg, chi_square, ks_p_value
from monitoring.stats.thresholds import ALPHA, DEFAULTS

Columns = Mapping[str, npt.NDArray[Any]]
"""By name, (n,) each: floats with NaN where there is none, or objects that are text or None."""
DRIFT_SHARE = 0.5
"""Of the columns: Evidently's own rule for a data set as a whole."""


def has_evidently() -> bool:
    return importlib.util.find_spec("evidently") is not None


def drift_report(reference: Columns, current: Columns, page: Path | None = None) -> tuple[bool, dict[str, Any]]:
    """Whether drift is detected, and {"made_with", "columns": {name: …}, "moved": [names]} of columns in both.

    ``page``: where Evidently's HTML is written. Without Evidently nothing is written there. Raises ValueError where
    the samples have no column in common, or one of them no row.
    """
    names = [name for name in reference if name in current]
    if not names or not all(len(sample[names[0]]) for sample in (reference, current)):
        raise ValueError("reference, current: samples with rows and a column in common are accepted.")
    one, two = ({name: sample[name] for name in names} for sample in (reference, current))
    return _by_evidently(one, two, page) if has_evidently() else by_tests(one, two)


def by_tests(reference: Columns, current: Columns) -> tuple[bool, dict[str, Any]]:
    """Two-sample tests. A column moved when its effect reaches the usual threshold and p after Benjamini–Hochberg is
    below 0.001; drift is detected when any did."""
    found = {name: _compared(values, current[name]) for name, values in reference.items()}
    adjusted = benjamini_hochberg([one["p_value"] for one in found.values()])
    for one, p in zip(found.values(), adjusted, strict=True):
        one["adjusted_p"] = float(p)
        one["moved"] = bool(p < ALPHA and one["value"] >= one["threshold"])
    moved = [name for name, one in found.items() if one["moved"]]
    return bool(moved), {"made_with": "two-sample tests", "columns": found, "moved": moved}


def _compared(reference: npt.NDArray[Any], current: npt.NDArray[Any]) -> dict[str, Any]:
    if reference.dtype.kind == "f":
        one, two = (values[np.isfinite(values)] for values in (reference, current))
        if not len(one) or not len(two):
            return _figure("ks", 0.0, "numeric", 1.0)
        distance = effects.ks(one, two)
        return _figure("ks", distance, "numeric", ks_p_value(distance, len(one), len(two)))
    bins = Bins.fit(reference, "categorical")
    one, two = (bins.compared(bins.count(values)) for values in (reference, current))
    if not one.sum() or not two.sum():
        return _figure("jensen_shannon", 0.0, "categorical", 1.0)
    return _figure(
        "jensen_shannon", effects.jensen_shannon_excess(one, two), "categorical", chi_square(one, two).p_value
    )


def _figure(statistic: str, value: float, kind: str, p_value: float) -> dict[str, Any]:
    return {"statistic": statistic, "value": value, "threshold": DEFAULTS[kind][statistic], "p_value": p_value}


def _by_evidently(reference: Columns, current: Columns, page: Path | None) -> tuple[bool, dict[str, Any]]:
    os.environ.setdefault("DO_NOT_TRACK", "1")  # it sends usage to its makers otherwise
    import pandas as pd
    from evidently import Report  # type: ignore[import-not-found]
    from evidently.presets import DataDriftPreset  # type: ignore[import-not-found]

    frames = [pd.DataFrame(dict(sample)) for sample in (current, reference)]
    made = Report([DataDriftPreset(drift_share=DRIFT_SHARE)]).run(*frames)
    if page is not None:
        made.save_html(str(page))
    return _read(made.dict())


def _read(document: Mapping[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Evidently's answer in our words. Of its tests a small p-value has moved, of its distances a large one."""
    columns: dict[str, Any] = {}
    share = 0.0
    for metric in document["metrics"]:
        config, value = metric.get("config") or {}, metric["value"]
        if isinstance(value, Mapping) and "share" in value:
            share = float(value["share"])
        elif "column" in config:
            method, limit = str(config["method"]), float(config["threshold"])
            moved = float(value) < limit if "p_value" in method else float(value) >= limit
            columns[config["column"]] = {
                "statistic": method, "value": float(value), "threshold": limit, "moved": moved,
            }  # fmt: skip
    names = [name for name, one in columns.items() if one["moved"]]
    return share >= DRIFT_SHARE, {"made_with": "evidently", "columns": columns, "moved": names}
