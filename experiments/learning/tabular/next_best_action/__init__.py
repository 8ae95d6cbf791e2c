"""Which action to take for a customer: the probability of the outcome under each, learnt from actions taken."""

from experiments.learning.tabular.base import TabularArchitecture
from experiments.learning.tabular.next_best_action import action_boosting, action_logistic, base_rate
from experiments.learning.tabular.next_best_action.evaluation import evaluate
from experiments.learning.tabular.next_best_action.process import synthetic

ARCHITECTURES: tuple[TabularArchitecture, ...] = (
    action_logistic.ARCHITECTURE,
    action_boosting.ARCHITECTURE,
    base_rate.ARCHITECTURE,
)

__all__ = ["ARCHITECTURES", "evaluate", "synthetic"]
