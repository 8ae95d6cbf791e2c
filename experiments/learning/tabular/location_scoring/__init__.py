"""How well a place would do: regression, judged on whole squares of land that training never saw."""

from experiments.learning.tabular.location_scoring.evaluation import evaluate
from experiments.learning.tabular.location_scoring.models import ARCHITECTURES
from experiments.learning.tabular.location_scoring.process import synthetic

__all__ = ["ARCHITECTURES", "evaluate", "synthetic"]
