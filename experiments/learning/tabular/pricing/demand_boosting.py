"""Boosted trees of demand, of any shape in the price; the number of trees is chosen on the validation part."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Observer, Parameters
from experiments.learning.tabular.base import Floats, Rows, TablePart, TabularArchitecture, TabularData, TabularFitted
from experiments.learning.tabular.encoding import Encoder, learnable
from experiments.learning.tabular.one_core import one_core
from experiments.learning.tabular.pricing.context import Context
from experiments.learning.tabular.pricing.elasticities import elasticities
from experiments.learning.tabular.pricing.sales import Sales, known
from experiments.learning.tabular.pricing.scorers import LEVEL, MOVE, PRICE, USUAL, BoostedDemandScorer, boosted_table
from experiments.learning.tabular.scorers.trees import TreesScorer

STEP = 0.1
"""Elasticities are taken between a price 10 % above and one as far below."""
METHOD = (
    "Finite difference of the trees between prices 10 % above and below, over each product's own rows. Trees have no "
    "standard error and are drawn towards no effect, so there is no interval; the elasticity regression has one."
)
_PATIENCE = 15
_BINS = 63


class DemandBoostingParameters(Parameters):
    trees: int = Field(
        150, ge=1, le=2_000, title="Trees", description="At most; the validation part says where to stop."
    )
    learning_rate: float = Field(0.1, gt=0, le=1, title="Learning rate", description="How much each tree changes.")
    leaves: int = Field(12, ge=2, le=256, title="Leaves a tree", description="More leaves find finer joint effects.")
    smallest_leaf: int = Field(20, ge=1, le=100_000, title="Rows a leaf", description="Rows a leaf has at least.")
    falls_with_price: bool = Field(
        True, title="Falls with the price", description="Demand never rises with the price, all else being the same."
    )
    harmonics: int = Field(
        2, ge=0, le=10, title="Yearly harmonics", description="Waves a year; used from a year of rows with a time on."
    )


def fit(
    data: TabularData, part: TablePart, parameters: DemandBoostingParameters, *, seed: int, observer: Observer
) -> TabularFitted:
    """Poisson loss on quantity / level of the product, weighted by the level: a Poisson model with that exposure.

    First without the validation part, to choose the number of trees, then with it.

    Raises:
        TableError: a price or quantity is wrong, or nothing was sold.
    """
    frame = known(data, part)
    sales = Sales.of(frame, data.roles)
    context = Context.fit(frame, data.roles, sales.code, len(sales.products.names), parameters.harmonics)
    observer.on_start(epochs=0, total_parameters=0)
    table = boosted_table(sales.products, context, frame, sales.code, sales.log_price)
    numeric = [*context.numeric, PRICE, MOVE, USUAL, LEVEL]
    encoder = Encoder.fit(table, numeric, context.kinds, rare_below=data.rare_below, missing="keep")
    level = sales.products.level[sales.code]
    check = np.isin(np.sort(np.concatenate([part.train, part.validation])), part.validation)
    problem = (encoder.transform(table), sales.quantity / level, level)
    with one_core():
        trees = _chosen_trees(problem, np.flatnonzero(~check), np.flatnonzero(check), parameters, encoder, seed)
        observer.log(f"{trees} trees, chosen on the validation part; learnt again from {len(frame):,} rows.")
        model = _boosted(parameters, encoder, seed, max_iter=trees, early_stopping=False)
        model.fit(problem[0], problem[1], sample_weight=problem[2])
    inner = TreesScorer.export(model, encoder, "log")
    scorer = BoostedDemandScorer(sales.products, context, inner, data.roles.price, data.roles.product)
    return TabularFitted(scorer, details={"trees": trees, "elasticity": _elasticity(scorer, frame, sales)})


def _chosen_trees(
    problem: tuple[Floats, Floats, Floats],
    learn: Rows,
    check: Rows,
    parameters: DemandBoostingParameters,
    encoder: Encoder,
    seed: int,
) -> int:
    """The number with the least loss on validation rows; all where one part is empty or sold nothing."""
    matrix, target, weight = problem
    if not len(check) or not target[learn].sum() > 0:
        return parameters.trees
    model = _boosted(
        parameters, encoder, seed, max_iter=parameters.trees, early_stopping=True, n_iter_no_change=_PATIENCE
    )
    model.fit(
        learnable(matrix[learn]),
        target[learn],
        sample_weight=weight[learn],
        X_val=matrix[check],
        y_val=target[check],
        sample_weight_val=weight[check],
    )
    return max(1, int(np.argmax(model.validation_score_)))


def _boosted(parameters: DemandBoostingParameters, encoder: Encoder, seed: int, **settings: Any) -> Any:
    # scikit-learn is loaded by who fits, not by every process that lists the architectures.
    from sklearn.ensemble import HistGradientBoostingRegressor

    falls = {PRICE, MOVE} if parameters.falls_with_price else set()
    return HistGradientBoostingRegressor(
        loss="poisson",
        learning_rate=parameters.learning_rate,
        max_leaf_nodes=parameters.leaves,
        min_samples_leaf=parameters.smallest_leaf,
        monotonic_cst=[-1 if name in falls else 0 for name in encoder.names],
        max_bins=_BINS,
        random_state=seed,
        **settings,
    )


def _elasticity(scorer: BoostedDemandScorer, frame: pd.DataFrame, sales: Sales) -> dict[str, Any]:
    """d ln(quantity) / d ln(price) of each product, the mean over its rows."""
    higher, lower = (_log_demand(scorer, frame, sales, sign * np.log1p(STEP)) for sign in (1, -1))
    slope = (higher - lower) / (2 * np.log1p(STEP))
    names = len(sales.products.names)
    own = np.bincount(sales.code, slope, names) / np.bincount(sales.code, minlength=names)
    return elasticities(
        sales,
        own,
        None,
        mean=float(own.mean()),
        mean_error=None,
        method=METHOD,
        fallback=np.zeros(names, dtype=np.bool_),
    )


def _log_demand(scorer: BoostedDemandScorer, frame: pd.DataFrame, sales: Sales, move: float) -> Floats:
    table = boosted_table(sales.products, scorer.context, frame, sales.code, sales.log_price + move)
    return scorer.inner.raw(scorer.inner.encoder.transform(table))


ARCHITECTURE = TabularArchitecture(
    key="demand_boosting",
    label="Demand, boosted trees",
    summary="Demand of any shape in price and features: needs more data; its elasticities are read off, not estimated.",
    family=Family.PRICING,
    parameters=DemandBoostingParameters,
    fit=fit,
)
