"""What an architecture that learns from a table is, and what the rest of the product may ask of one.

Adding one is a file that ends in ``ARCHITECTURE = TabularArchitecture(...)`` and a line in ``registry.py``; it stands
beside the recommenders in forms, API, commands and recipes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from experiments.learning.families import Family
from experiments.learning.metrics.result import MetricResult
from experiments.learning.recommenders.base import Observer, Parameters

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
TableSplitMethod = Literal["random", "time", "rolling_origin", "spatial_blocks"]


class Roles(BaseModel):
    """Which column is what (families.ABOUT says which a family needs). Columns with no role are not used."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time: str = ""
    target: str = ""
    series: tuple[str, ...] = ()
    price: str = ""
    quantity: str = ""
    product: str = ""
    action: str = ""
    control: str = Field("none", description="Value of the action column that means nothing was done.")
    outcome: str = ""
    unit: str = ""
    latitude: str = ""
    longitude: str = ""
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()

    def columns(self) -> tuple[str, ...]:
        """Every column that has a role, each once, in the order of the fields."""
        found: list[str] = []
        for name, value in self:
            if name == "control":
                continue
            found += [value] if isinstance(value, str) else list(value)
        return tuple(dict.fromkeys(column for column in found if column))


class TableSplit(BaseModel):
    """How the rows are divided.

    random: rows (whole units where there is a unit role). time: the newest share is tested. rolling_origin: ``folds``
    origins, each tested on the ``horizon`` days after it, never learning from what came later. spatial_blocks: whole
    squares of ``block_km`` are tested, so that no test place has a training place next door.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: TableSplitMethod
    test_share: float = Field(0.2, ge=0.01, le=0.9)
    validation_share: float = Field(0.1, ge=0.01, le=0.5)
    folds: int = Field(3, ge=1, le=50)
    horizon: int = Field(14, ge=1, le=366, description="Days ahead that are forecast and tested.")
    block_km: float = Field(10.0, gt=0, le=1000)
    seed: int = Field(42, ge=0)


@dataclass(frozen=True)
class TablePart:
    """Row positions of one fold; ascending, disjoint."""

    train: Rows
    validation: Rows
    test: Rows
    name: str = ""
    """What people call the fold: its origin's day, its block, or empty where there is one fold."""


@dataclass(frozen=True)
class TabularData:
    """The table and what its columns are. ``frame`` has one row an observation, in a fixed order."""

    frame: pd.DataFrame
    roles: Roles
    family: Family
    rare_below: int = 0
    """Kinds with fewer training rows become one; 0 keeps all. Fits hand it to ``Encoder.fit``."""

    def __len__(self) -> int:
        return len(self.frame)


class TableScorer(Protocol):
    """A trained model as plain arrays: scored with NumPy alone, no scikit-learn, no TensorFlow."""

    def predict(self, frame: pd.DataFrame) -> Floats:
        """One number a row: the family's prediction (demand, probability of the outcome under the row's action, …).

        Unseen categories and missing numbers have a stated answer; a missing column raises TableError naming it.
        """

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything needed to rebuild it, stored as safetensors."""

    def config(self) -> dict[str, Any]:
        """JSON-able settings; ``config()["kind"]`` names the scorer class in ``tabular/scorers/registry.py``."""


@dataclass(frozen=True)
class TabularFitted:
    """What a fit returns. ``details`` is JSON-able and holds what pages show: coefficients, elasticities …"""

    scorer: TableScorer
    best_epoch: int | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TabularEvaluation:
    """What one evaluation found.

    ``per_unit`` has one row a tested unit (a series, product, customer or place) and the columns ``user`` (int64 code
    of the unit, stable for one dataset whatever the split), ``protocol``, ``segment`` and one column a per-unit
    statistic, exactly as ``learning/comparison/per_user.py`` reads them, so that the verdict works on these runs too.
    A unit occurs once a protocol; several folds are added up. Columns are sums over the unit's test rows
    (``learning/comparison/table_estimators.py`` makes the metrics of them; NaN where a unit has none):

    all            rows (test rows), squared_error (sum of e^2), absolute_error (sum of |e|; not of action)
    forecast       scaled_error: sum of |e| / (mean |error| of the seasonal naive on the series' own training rows)
                   percentage_error: sum of |e / actual| over rows with actual not 0; percentage_rows: their number
                   symmetric_error: sum of 2 |e| / (|actual| + |forecast|), 0 where both are 0
    demand         squared_log_error: sum of (log1p actual - log1p predicted)^2
                   log_actual, log_actual_squared: sums of log1p actual and of its square, for r2_log
    action         cross_entropy: sum of -ln(probability of what happened), probabilities kept within 1e-15 of 0 and 1;
                   squared_error is of the probability
    spatial        actual, actual_squared: sums of the target and of its square, for r2
    uplift, lift, ranks and elasticities are no sums of units: they have figures and no verdict.

    mase = scaled_error / rows; mape = 100 percentage_error / percentage_rows; smape = 100 symmetric_error / rows;
    mae = absolute_error / rows; rmse = sqrt(squared_error / rows); rmse_log = sqrt(squared_log_error / rows);
    log_loss = cross_entropy / rows; brier = squared_error / rows. A verdict needs 30 units, so synthetic tables have
    more series, products, customers and places than that.
    ``details`` is JSON-able: calibration bins, uplift curve, forecast against actual of some series, residual map …
    """

    metrics: list[MetricResult]
    per_unit: pd.DataFrame
    protocol: dict[str, Any]
    """Definition of the protocol as it was applied: method, folds, horizon, units counted and left out."""
    details: dict[str, Any] = field(default_factory=dict)


class TabularFit(Protocol):
    def __call__(
        self, data: TabularData, part: TablePart, parameters: Any, *, seed: int, observer: Observer
    ) -> TabularFitted:
        """Learns from part.train (and may tune on part.validation). Never looks at part.test."""


class TabularEvaluate(Protocol):
    def __call__(
        self, fitted: list[TabularFitted], data: TabularData, parts: list[TablePart], split: TableSplit
    ) -> TabularEvaluation:
        """Judges one fitted model a part on that part's test rows; figures of several parts are pooled."""


@dataclass(frozen=True)
class TabularArchitecture:
    """One kind of model on tables a person can choose. The fields are those of recommenders.base.Architecture."""

    key: str
    label: str
    summary: str
    family: Family
    parameters: type[Parameters]
    fit: TabularFit
    framework: Literal["numpy"] = "numpy"
    model_type: Literal["tabular", "baseline"] = "tabular"
    iterative: bool = False

    def validate(self, values: Mapping[str, Any]) -> Parameters:
        """Typed parameters, or pydantic.ValidationError naming field, value and bounds."""
        return self.parameters.model_validate(dict(values))


class TableError(ValueError):
    """A table does not fit what is asked of it; the message names the column, the value and what is accepted."""
