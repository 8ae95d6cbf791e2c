"""From data and settings to two fitted towers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.learning.recommenders.base import Fitted, Observer, TrainingData
from experiments.learning.recommenders.keras_net import determinism
from experiments.learning.recommenders.keras_net.adam import RECORD as OPTIMIZER
from experiments.learning.recommenders.keras_net.retrieval import RetrievalLearner, RetrievalSettings
from experiments.learning.recommenders.keras_net.towers import TowerSpec, build
from experiments.learning.recommenders.loop import Plan, run_epochs


def fit_towers(
    data: TrainingData,
    spec: TowerSpec,
    settings: RetrievalSettings,
    plan: Plan,
    *,
    observer: Observer,
    identity: Mapping[str, Any],
    resume_from: Path | None,
) -> Fitted:
    """Trains both towers; ``data`` is implicit, its values are weights.

    Raises Diverged, CheckpointError, and what the observer raises.
    """
    recipe = determinism.prepare(settings.seed)
    learner = RetrievalLearner(build(spec, data, seed=settings.seed), data, settings)
    outcome = run_epochs(learner, plan, observer=observer, identity=identity, resume_from=resume_from)
    return Fitted(
        learner.scorer(),
        predicts_ratings=False,
        best_epoch=outcome.best_epoch,
        keras_model=learner.serving_model(),
        details={
            "history": outcome.history,
            "stopped_early": outcome.stopped_early,
            "total_parameters": learner.total_parameters,
            "determinism": recipe,
            "loss": "in-batch sampled softmax, log-Q corrected",
            "optimizer": OPTIMIZER,
        },
    )
