"""Words for the metrics of models on tables: forecasting, pricing, next best action, location scoring."""

from __future__ import annotations

LABELS = {
    "mase": "MASE",
    "mape": "MAPE",
    "smape": "sMAPE",
    "bias": "Bias",
    "rmse_log": "RMSE of logs",
    "elasticity": "Elasticity",
    "r2_log": "R² of logs",
    "r2": "R²",
    "log_loss": "Log loss",
    "auc": "AUC",
    "brier": "Brier score",
    "calibration_error": "Calibration error",
    "lift": "Lift",
    "uplift": "Uplift",
    "rank_correlation": "Rank correlation",
}
OF_PERCENT = frozenset({"lift", "uplift"})
"""Cut at a percentage of the customers and not at a length of a list."""
LOWER_IS_BETTER = frozenset(
    {"mase", "mape", "smape", "bias", "mae", "rmse", "rmse_log", "log_loss", "brier", "calibration_error"}
)
WITHOUT_DIRECTION = frozenset({"bias", "elasticity"})
"""Neither higher nor lower is better; of bias what is nearest to 0."""

_ERRORS = {
    "rmse": "Root of the mean squared error over all test rows, in units of the {target}.",
    "mae": "Mean absolute error over all test rows, in units of the {target}.",
}
DEFINITIONS = {
    "forecast": {
        "mase": "Mean absolute error, divided by the series' mean change from season to season before the origin: "
        "below 1 it errs less than repeating the last season.",
        "mape": "Mean absolute error as a percentage of the actual value; days whose actual is 0 are left out.",
        "smape": "2 |forecast - actual| / (|forecast| + |actual|), in percent, between 0 and 200.",
        "bias": "Mean of forecast - actual: above 0 it forecasts too much, below 0 too little.",
        **{name: words.format(target="series") for name, words in _ERRORS.items()},
    },
    "demand": {
        "rmse_log": "Root of the mean squared error of ln(1 + quantity), so that slow and fast sellers count alike.",
        "elasticity": "Mean own-price elasticity over products: by how many percent demand moves when the price rises "
        "by one percent. It describes demand; neither higher nor lower is better.",
        "r2_log": "Share of the variation of ln(1 + quantity) that is explained; 1 is all of it.",
        **{name: words.format(target="quantity") for name, words in _ERRORS.items()},
    },
    "action": {
        "log_loss": "Mean of -ln of the probability given to what happened; probabilities that are sure and wrong cost "
        "most.",
        "auc": "Chance that a row that worked has a higher probability than one that did not; 0.5 is a coin.",
        "brier": "Mean squared distance between the predicted probability and what happened (0 or 1).",
        "calibration_error": "Mean distance between predicted probability and observed rate, over ten equal bins.",
        "lift": "How many times the mean rate the likeliest k % of the rows reach.",
        "uplift": "How much higher the rate is with an action than without one, among the k % for whom it should help "
        "most.",
    },
    "spatial": {
        "r2": "Share of the variation between test places that is explained; 0 is no better than their mean.",
        "rank_correlation": "Spearman's correlation of predicted and actual: 1 where places come in the right order.",
        **{name: words.format(target="target") for name, words in _ERRORS.items()},
    },
}

PROTOCOLS = {
    "forecast": "Forecast: days after an origin are forecast from what was known at it.",
    "demand": "Demand: quantities of test rows are predicted from their prices.",
    "action": "Action: outcomes of test rows are predicted under the action that was taken.",
    "spatial": "Spatial: places that training never saw are scored.",
}
SEGMENTS = {
    "near_training": "Near a training place",
    "far_from_training": "Far from all training places",
}
UNITS = {"forecast": "series", "demand": "products", "action": "customers", "spatial": "places"}
"""What is counted under a protocol; users everywhere else."""
