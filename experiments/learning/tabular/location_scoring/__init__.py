"""How well a place would do: regression, judged on whole squares of land that training never saw."""

from experiments.learning.tabular.base import TabularArchitecture
from experiments.learning.tabular.location_scoring import mean_place, place_boosting, place_ridge
from experiments.learning.tabular.location_scoring.evaluation import evaluate
from experiments.learning.tabular.location_scoring.process import synthetic

ARCHITECTURES: tuple[TabularArchitecture, ...] = (
    place_ridge.ARCHITECTURE,
    place_boosting.ARCHITECTURE,
    mean_place.ARCHITECTURE,
)

__all__ = ["ARCHITECTURES", "evaluate", "synthetic"]
