"""How much of something there will be on coming days: forecasts judged from rolling origins."""

from experiments.learning.tabular.forecasting import lag_boosting, lag_ridge, seasonal_naive
from experiments.learning.tabular.forecasting.evaluation import evaluate
from experiments.learning.tabular.forecasting.process import synthetic

ARCHITECTURES = (seasonal_naive.ARCHITECTURE, lag_ridge.ARCHITECTURE, lag_boosting.ARCHITECTURE)

__all__ = ["ARCHITECTURES", "evaluate", "synthetic"]
