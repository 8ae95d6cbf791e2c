"""From stored arrays and settings back to a scorer. Adding a kind is one file and one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from experiments.learning.recommenders.base import Scorer
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.factors import FactorScorer
from experiments.learning.recommenders.scorers.items import ItemScorer
from experiments.learning.recommenders.scorers.joint import JointScorer
from experiments.learning.recommenders.scorers.linear import LinearScorer
from experiments.learning.recommenders.scorers.neighbours import NeighbourScorer
from experiments.learning.recommenders.scorers.network import NetworkScorer
from experiments.learning.recommenders.scorers.sequence import SequenceScorer

SCORERS: dict[str, Callable[[Mapping[str, NDArray[Any]], Mapping[str, Any]], Scorer]] = {
    NetworkScorer.KIND: NetworkScorer.load,
    FactorScorer.KIND: FactorScorer.load,
    JointScorer.KIND: JointScorer.load,
    NeighbourScorer.KIND: NeighbourScorer.load,
    LinearScorer.KIND: LinearScorer.load,
    SequenceScorer.KIND: SequenceScorer.load,
    ItemScorer.KIND: ItemScorer.load,
}


def load_scorer(arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> Scorer:
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
