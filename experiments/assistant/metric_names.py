"""Metrics as people write them, and the ones worth proposing for a family."""

from __future__ import annotations

import re
from dataclasses import dataclass

from experiments.learning.families import ABOUT, Family


@dataclass(frozen=True)
class Suggestion:
    """A metric to judge by. ``bound`` is where a first threshold may stand, None where none is sensible."""

    key: str
    label: str
    higher_is_better: bool
    bound: float | None
    why: str


SUGGESTED: dict[Family, tuple[Suggestion, ...]] = {
    Family.RECOMMENDATION: (
        Suggestion("rated.f1_at_10", "F1@10 (rated)", True, 0.75, "what is shown is liked, and little is missed"),
        Suggestion("catalogue.ndcg_at_10", "NDCG@10 (catalogue)", True, None, "good items stand near the top"),
        Suggestion("pointwise.rmse", "RMSE (pointwise)", False, 1.0, "predicted ratings are close to given ones"),
    ),
    Family.FORECASTING: (
        Suggestion("forecast.mase", "MASE", False, 1.0, "below 1 it beats last week's figure"),
        Suggestion("forecast.smape", "sMAPE", False, None, "the error in percent, comparable between series"),
        Suggestion("forecast.bias", "Bias", False, None, "whether it is always too high or too low"),
    ),
    Family.PRICING: (
        Suggestion("demand.rmse_log", "RMSE of log demand", False, None, "how well demand is predicted at each price"),
        Suggestion("demand.elasticity", "Own-price elasticity", True, None, "what a price change does, in one figure"),
    ),
    Family.NEXT_BEST_ACTION: (
        Suggestion("action.log_loss", "Log loss", False, None, "probabilities are calibrated, not only ordered"),
        Suggestion("action.auc", "AUC", True, 0.6, "customers who answer stand before those who do not"),
        Suggestion("action.uplift_at_10", "Uplift@10 %", True, 0.0, "acting on the best tenth changes something"),
    ),
    Family.LOCATION_SCORING: (
        Suggestion("spatial.rmse", "RMSE (spatial)", False, None, "the error at places far from known ones"),
        Suggestion("spatial.r2", "R²", True, 0.3, "the share of differences between places it explains"),
    ),
}

_AT_K = ("precision", "recall", "f1", "ndcg", "map", "mrr", "hit_rate", "coverage")
_PLAIN = {
    Family.RECOMMENDATION: {"rmse": "pointwise.rmse", "mae": "pointwise.mae"},
    Family.FORECASTING: {name: f"forecast.{name}" for name in ("mase", "mape", "smape", "mae", "rmse", "bias")},
    Family.PRICING: {name: f"demand.{name}" for name in ("rmse_log", "mae", "rmse", "elasticity", "r2_log")},
    Family.NEXT_BEST_ACTION: {
        "log loss": "action.log_loss",
        "auc": "action.auc",
        "brier": "action.brier",
        "calibration error": "action.calibration_error",
    },
    Family.LOCATION_SCORING: {
        "rmse": "spatial.rmse",
        "mae": "spatial.mae",
        "r2": "spatial.r2",
        "rank correlation": "spatial.rank_correlation",
    },
}
_PER_CENT_OF_CUSTOMERS = ("lift", "uplift")


def key_of(family: Family, words: str) -> str | None:
    """ "NDCG@10" → "catalogue.ndcg_at_10"; "rated precision at 10" → "rated.precision_at_10"; None where unknown.

    Without a protocol F1, precision and recall of recommendations are the headline protocol's, the other ranking
    metrics the catalogue's.
    """
    plain = re.sub(r"[_\s-]+", " ", words.lower()).strip()
    for name, key in _PLAIN[family].items():
        if plain == name.replace("_", " "):
            return key
    found = re.fullmatch(r"(?:(rated|catalogue) )?([a-z0-9 ]+?)(?: ?@ ?| at )(\d+)(?: ?%)?", plain)
    if not found:
        return None
    protocol, base, k = found.group(1), found.group(2).replace(" ", "_"), found.group(3)
    if family is Family.RECOMMENDATION and base in _AT_K:
        usual = "rated" if base in ("f1", "precision", "recall") else "catalogue"
        return f"{protocol or usual}.{base}_at_{k}"
    if family is Family.NEXT_BEST_ACTION and base in _PER_CENT_OF_CUSTOMERS and k in ("10", "20"):
        return f"action.{base}_at_{k}"
    return None


def pattern(family: Family) -> str:
    """A regular expression that finds such names in a sentence."""
    names = [name.replace("_", "[ _]") for name in _PLAIN[family]]
    if family is Family.RECOMMENDATION:
        names = [
            rf"(?:(?:rated|catalogue) )?(?:{'|'.join(name.replace('_', '[ _-]') for name in _AT_K)})(?: ?@ ?| at )\d+",
            *names,
        ]
    if family is Family.NEXT_BEST_ACTION:
        names = [r"(?:up)?lift(?: ?@ ?| at )\d+(?: ?%)?", *names]
    return "|".join(sorted(names, key=len, reverse=True))


def headline_of(family: Family) -> str:
    about = ABOUT[family]
    return f"{about.protocol}.{about.headline}"
