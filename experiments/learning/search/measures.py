"""By what a search may judge its trials, and in which direction; always on the validation part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from experiments.learning.architectures import AnyArchitecture, family_of
from experiments.learning.families import ABOUT
from experiments.learning.recommenders.base import Architecture

VALIDATION: Final = "validation"
"""Protocol under which a trial keeps what it reached on the validation part."""
RATED = ("f1_at_10", "precision_at_10", "recall_at_10", "ndcg_at_10")
CATALOGUE = ("ndcg_at_10", "recall_at_10", "precision_at_10", "f1_at_10", "hit_rate_at_10", "mrr_at_10")
POINTWISE = ("rmse", "mae")
TABLES = {
    "forecast": (("mase", False), ("smape", False), ("mae", False), ("rmse", False)),
    "demand": (("rmse_log", False), ("mae", False), ("rmse", False), ("r2_log", True)),
    "action": (("log_loss", False), ("auc", True), ("brier", False), ("calibration_error", False)),
    "spatial": (("rmse", False), ("mae", False), ("r2", True), ("rank_correlation", True)),
}


@dataclass(frozen=True)
class Measure:
    """One metric of one protocol."""

    protocol: str
    name: str
    maximise: bool

    @property
    def key(self) -> str:
        return f"{self.protocol}.{self.name}"


def predicts_ratings(architecture: AnyArchitecture, feedback: str, parameters: dict[str, Any]) -> bool:
    """Whether a model of these parameters answers with ratings, as far as that is known before it is trained."""
    return (
        isinstance(architecture, Architecture)
        and architecture.objective == "ratings"
        and feedback == "explicit"
        and parameters.get("objective") != "ranking"
    )


def measures_for(architecture: AnyArchitecture, feedback: str, parameters: dict[str, Any]) -> list[Measure]:
    """What a search may judge by, the usual one first: what the architecture learns."""
    if not isinstance(architecture, Architecture):
        protocol = ABOUT[family_of(architecture.key)].protocol
        return [Measure(protocol, name, maximise) for name, maximise in TABLES[protocol]]
    lists = [Measure("catalogue", name, True) for name in CATALOGUE]
    if not predicts_ratings(architecture, feedback, parameters):
        return lists
    errors = [Measure("pointwise", name, False) for name in POINTWISE]
    return [*errors, *lists, *(Measure("rated", name, True) for name in RATED)]


def follows_the_curve(architecture: AnyArchitecture, measure: Measure) -> bool:
    """Whether the validation loss tells of the measure early, so that pruning by it is the usual thing.

    Squared errors of ratings tell of RMSE and MAE, the cross-entropy of the next item of the lists of models that read
    sequences. The losses of other models that rank are no list's quality (docs/definitions.md).
    """
    if not isinstance(architecture, Architecture) or not architecture.iterative:
        return False
    return measure.protocol == "pointwise" or architecture.needs_timestamps


def has_curve(architecture: AnyArchitecture) -> bool:
    """Whether it reports a validation loss each epoch at all."""
    return isinstance(architecture, Architecture) and architecture.iterative
