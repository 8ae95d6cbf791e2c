"""Shapley values of predictions of any model on a table, against a background of rows: what each column adds.

All are interventional: an absent column takes the values that background rows have, whatever the other columns say.
Sums have them in closed form, weight · (x - mean) (Strumbelj and Kononenko 2014; Lundberg and Lee 2017, corollary 1),
trees by ``tree_shap.py``. Values stand on the scale on which the model adds up: for link "log" logarithms of the
prediction, for "logit" log-odds. What a family makes around its inner model, ``table_families.py`` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.explain import table_families as families
from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.table_split import TableSplit
from experiments.learning.tabular.base import TableScorer
from experiments.learning.tabular.forecasting.lag_scorer import LagScorer
from experiments.learning.tabular.forecasting.seasonal_naive import SeasonalNaiveScorer
from experiments.learning.tabular.pricing.scorers import BoostedDemandScorer, ElasticityScorer, MeanDemandScorer
from experiments.learning.tabular.scorers.action_linear import ActionLinearScorer
from experiments.learning.tabular.scorers.action_trees import ActionTreesScorer
from experiments.learning.tabular.scorers.linear import LinearScorer
from experiments.learning.tabular.scorers.trees import TreesScorer

MOST_BACKGROUND = 100


def table_shapley(scorer: TableScorer, rows: pd.DataFrame, background: pd.DataFrame) -> TableSplit:
    """Exact Shapley values. At most 100 rows of ``background`` are used, evenly spaced.

    Raises NotExplainable for a kind of model without an exact split, ValueError for an empty background, TableError
    for columns that are missing or hold what the model cannot read.
    """
    if not len(background):
        raise ValueError("The background has no rows; accepted: one or more.")
    return _splitter(scorer)(scorer, rows, spaced(background, MOST_BACKGROUND))


def require_explainable(scorer: TableScorer) -> None:
    """Raises NotExplainable, which says why."""
    _splitter(scorer)


def spaced(frame: pd.DataFrame, most: int) -> pd.DataFrame:
    """At most so many rows, evenly spaced."""
    places = np.linspace(0, len(frame) - 1, min(len(frame), most)).round().astype(np.int64)
    return frame.iloc[np.unique(places)] if len(frame) else frame


def _splitter(scorer: TableScorer) -> Callable[[Any, pd.DataFrame, pd.DataFrame], TableSplit]:
    for kind, splitter in _SPLITTERS.items():
        if isinstance(scorer, kind):
            return splitter
    raise NotExplainable(
        f"Models of the kind “{scorer.config().get('kind')}” make a prediction in steps that do not add up."
    )


_SPLITTERS: dict[type[Any], Callable[[Any, pd.DataFrame, pd.DataFrame], TableSplit]] = {
    LinearScorer: families.linear,
    TreesScorer: families.trees,
    LagScorer: families.forecaster,
    SeasonalNaiveScorer: families.last_season,
    MeanDemandScorer: families.mean_demand,
    ElasticityScorer: families.elasticity,
    BoostedDemandScorer: families.boosted_demand,
    ActionLinearScorer: families.action_linear,
    ActionTreesScorer: families.action_trees,
}
