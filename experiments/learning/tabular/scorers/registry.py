"""From stored arrays and settings back to a scorer of tables. Adding a kind is one file and one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.tabular.base import TableScorer
from experiments.learning.tabular.forecasting.lag_scorer import LagScorer
from experiments.learning.tabular.forecasting.seasonal_naive import SeasonalNaiveScorer
from experiments.learning.tabular.pricing.scorers import BoostedDemandScorer, ElasticityScorer, MeanDemandScorer
from experiments.learning.tabular.scorers.action_linear import ActionLinearScorer
from experiments.learning.tabular.scorers.action_trees import ActionTreesScorer
from experiments.learning.tabular.scorers.linear import LinearScorer
from experiments.learning.tabular.scorers.trees import TreesScorer

SCORERS: dict[str, Callable[[Mapping[str, NDArray[Any]], Mapping[str, Any]], TableScorer]] = {
    LinearScorer.KIND: LinearScorer.load,
    TreesScorer.KIND: TreesScorer.load,
    SeasonalNaiveScorer.KIND: SeasonalNaiveScorer.load,
    LagScorer.KIND: LagScorer.load,
    MeanDemandScorer.KIND: MeanDemandScorer.load,
    ElasticityScorer.KIND: ElasticityScorer.load,
    BoostedDemandScorer.KIND: BoostedDemandScorer.load,
    ActionLinearScorer.KIND: ActionLinearScorer.load,
    ActionTreesScorer.KIND: ActionTreesScorer.load,
}


def load_table_scorer(arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> TableScorer:
    """The scorer whose ``arrays()`` and ``config()`` these are.

    Raises ScorerError where the kind is unknown, an array or a setting is missing, or shapes do not fit together.
    """
    kind = config.get("kind")
    if kind not in SCORERS:
        raise ScorerError(f"Scorer kind is {kind!r}; accepted: {', '.join(SCORERS)}.")
    try:
        return SCORERS[str(kind)](arrays, config)
    except KeyError as missing:
        raise ScorerError(f"Scorer of kind {kind!r} lacks {missing}.") from missing
