"""How runs of each family on tables are judged. Adding a family is one line."""

from __future__ import annotations

from experiments.learning.families import Family
from experiments.learning.tabular import forecasting, location_scoring, next_best_action, pricing
from experiments.learning.tabular.base import TabularEvaluate

EVALUATE: dict[Family, TabularEvaluate] = {
    Family.FORECASTING: forecasting.evaluate,
    Family.PRICING: pricing.evaluate,
    Family.NEXT_BEST_ACTION: next_best_action.evaluate,
    Family.LOCATION_SCORING: location_scoring.evaluate,
}
