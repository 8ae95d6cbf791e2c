"""From data and settings to a fitted hybrid network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.learning.recommenders.base import Fitted, Observer, TrainingData
from experiments.learning.recommenders.keras_net import determinism
from experiments.learning.recommenders.keras_net.adam import RECORD as OPTIMIZER
from experiments.learning.recommenders.keras_net.learner import NetworkLearner, Penalty
from experiments.learning.recommenders.keras_net.network import NetworkSpec, build, to_scorer
from experiments.learning.recommenders.loop import Plan, run_epochs
from experiments.learning.recommenders.sampling import RowSource


def fit_network(
    data: TrainingData,
    spec: NetworkSpec,
    plan: Plan,
    *,
    batch_size: int,
    penalty: Penalty,
    negatives: int,
    seed: int,
    observer: Observer,
    identity: Mapping[str, Any],
    resume_from: Path | None,
) -> Fitted:
    """Trains the network; with ``spec.biases`` the targets are centred on their mean.

    Raises Diverged, CheckpointError, and what the observer raises.
    """
    recipe = determinism.prepare(seed)
    rows = RowSource(data, seed=seed, negatives=negatives)
    if spec.biases:
        spec = replace(spec, offset=rows.mean_target())
    model = build(spec, data, seed=seed)
    learner = NetworkLearner(model, rows, batch_size=batch_size, penalty=penalty)
    outcome = run_epochs(learner, plan, observer=observer, identity=identity, resume_from=resume_from)
    return Fitted(
        to_scorer(model, spec, data),
        predicts_ratings=data.feedback == "explicit",
        best_epoch=outcome.best_epoch,
        keras_model=model,
        details={
            "history": outcome.history,
            "stopped_early": outcome.stopped_early,
            "total_parameters": learner.total_parameters,
            "determinism": recipe,
            "offset": spec.offset,
            "loss": "mean squared error",
            "optimizer": OPTIMIZER,
        },
    )
