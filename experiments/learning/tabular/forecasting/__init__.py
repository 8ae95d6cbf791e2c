"""How much of something there will be on coming days: forecasts judged from rolling origins."""

from experiments.learning.tabular.forecasting import lag_boosting, lag_ridge, seasonal_naive
from experiments.learning.tabular.forecasting.evaluation import evaluate
from experiments.learning.tabular.forecasting.process import synthetic

ARCHITECTURES = (lag_ridge.ARCHITECTURE, lag_boosting.ARCHITECTURE, seasonal_naive.ARCHITECTURE)

__all__ = ["ARCHITECTURES", "evaluate", "synthetic"]
