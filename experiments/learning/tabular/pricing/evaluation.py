"""How well demand was predicted at the prices of the test rows (the demand protocol)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.metrics.result import MetricResult
from experiments.learning.tabular.base import (
    Floats,
    Rows,
    TableError,
    TablePart,
    TableSplit,
    TabularData,
    TabularEvaluation,
    TabularFitted,
)
from experiments.learning.tabular.keys import codes_of, distinct
from experiments.learning.tabular.pricing.curves import demand_curves
from experiments.learning.tabular.pricing.mean_demand import mean_scorer
from experiments.learning.tabular.pricing.metrics import demand_metrics, sums_of_rows
from experiments.learning.tabular.pricing.sales import known, product_labels, quantities

DEFINITION = "1"
HIGHER_IS_BETTER = frozenset({"r2_log", "elasticity"})


def evaluate(
    fitted: list[TabularFitted], data: TabularData, parts: list[TablePart], split: TableSplit
) -> TabularEvaluation:
    """Pools the test rows of all parts; the elasticity is the mean of the parts' (see ``metrics`` for the others).

    Details, of the newest part's model: ``elasticity`` (``elasticities``; None for a model blind to prices) and
    ``curves`` (``demand_curves``).

    Raises:
        TableError: there is no test row, or a price or quantity is wrong.
    """
    rows = np.concatenate([part.test for part in parts])
    if not len(rows):
        raise TableError("No test row; accepted: at least one.")
    sold = quantities(data.frame.iloc[rows], data.roles.quantity)
    predicted = np.concatenate(
        [one.scorer.predict(data.frame.iloc[part.test]) for one, part in zip(fitted, parts, strict=True)]
    )
    naive = np.concatenate(
        [mean_scorer(known(data, part), data.roles).predict(data.frame.iloc[part.test]) for part in parts]
    )
    sums = sums_of_rows(sold, predicted)
    names = distinct(product_labels(data.frame, data.roles.product))
    product = codes_of(product_labels(data.frame.iloc[rows], data.roles.product), names)
    unit, kind = (product, "product") if len(names) > 1 else (rows, "row")
    units = len(np.unique(unit))
    return TabularEvaluation(
        metrics=_metrics(sums, sums_of_rows(sold, naive), fitted, units),
        per_unit=_per_unit(sums, unit),
        protocol=_protocol(data, parts, split, rows, units, kind),
        details={
            "elasticity": fitted[-1].details.get("elasticity"),
            "curves": demand_curves(fitted[-1].scorer, known(data, parts[-1]), data.roles),
        },
    )


def mean_elasticity(fitted: list[TabularFitted]) -> float | None:
    """Mean own-price elasticity over the parts; None for a model that does not look at prices."""
    found = [one.details["elasticity"]["mean"] for one in fitted if one.details.get("elasticity")]
    return float(np.mean(found)) if found else None


def _metrics(
    sums: dict[str, Floats], naive: dict[str, Floats], fitted: list[TabularFitted], units: int
) -> list[MetricResult]:
    values, lines = demand_metrics(sums), demand_metrics(naive)
    found = {**values, "elasticity": mean_elasticity(fitted)}
    return [
        MetricResult(
            name=name,
            protocol="demand",
            value=value,
            higher_is_better=name in HIGHER_IS_BETTER,
            users_counted=units,
            naive=lines.get(name),
            definition=DEFINITION,
        )
        for name, value in found.items()
    ]


def _per_unit(sums: dict[str, Floats], unit: Rows) -> pd.DataFrame:
    """Sums of each product's test rows; of single rows where there are no products to tell apart."""
    codes, position = np.unique(unit, return_inverse=True)
    table = {name: np.bincount(position, values) for name, values in sums.items()}
    return pd.DataFrame({"user": codes, "protocol": "demand", "segment": "all", **table})


def _protocol(
    data: TabularData, parts: list[TablePart], split: TableSplit, rows: Rows, units: int, unit: str
) -> dict[str, Any]:
    held = "their newest rows" if split.method != "random" else "rows drawn at random"
    return {
        "definition": DEFINITION,
        "label": "demand",
        "summary": f"Quantities of {len(rows):,} test rows predicted from their prices; tested are {held}.",
        "method": split.method,
        "folds": len(parts),
        "rows": len(rows),
        "unit": unit,
        "users_counted": units,
        "users_left_out": 0,
        "zero_rows": int((quantities(data.frame.iloc[rows], data.roles.quantity) == 0).sum()),
        "naive": "mean quantity of the product before, whatever the price",
        "rmse_log": "of ln(1 + quantity), so that slow and fast sellers count alike",
        "elasticity": "mean over products of d ln(quantity) / d ln(price); neither higher nor lower is better",
    }
