"""How demand answers to price: quantities predicted, elasticities with their intervals."""

from experiments.learning.tabular.pricing import demand_boosting, log_log_elasticity, mean_demand
from experiments.learning.tabular.pricing.evaluation import evaluate
from experiments.learning.tabular.pricing.process import synthetic

ARCHITECTURES = (log_log_elasticity.ARCHITECTURE, demand_boosting.ARCHITECTURE, mean_demand.ARCHITECTURE)

__all__ = ["ARCHITECTURES", "evaluate", "synthetic"]
