"""From data and settings to a fitted hybrid that ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.learning.recommenders.base import Fitted, Observer, TrainingData
from experiments.learning.recommenders.keras_net import determinism
from experiments.learning.recommenders.keras_net.adam import RECORD as OPTIMIZER
from experiments.learning.recommenders.keras_net.learner import Penalty
from experiments.learning.recommenders.keras_net.network import NetworkSpec
from experiments.learning.recommenders.keras_net.ranking_head import build_ranking, to_ranking_scorer
from experiments.learning.recommenders.keras_net.ranking_learner import Ranking, RankingLearner
from experiments.learning.recommenders.loop import Plan, run_epochs
from experiments.learning.recommenders.positives import PositiveParameters, liked, with_equal_weights
from experiments.learning.recommenders.sampling import RowSource


def fit_ranking(
    data: TrainingData,
    spec: NetworkSpec,
    plan: Plan,
    *,
    rates: bool,
    share: float,
    candidates: int,
    ranking_penalty: float,
    batch_size: int,
    penalty: Penalty,
    seed: int,
    observer: Observer,
    identity: Mapping[str, Any],
    resume_from: Path | None,
) -> Fitted:
    """Trains the network to rank; with ``rates`` to predict ratings as well, whose mean is taken off with ``biases``.

    Raises Diverged, CheckpointError, and what the observer raises.
    """
    recipe = determinism.prepare(seed)
    rows = RowSource(data, seed=seed, negatives=0)
    if spec.biases and rates:
        spec = replace(spec, offset=rows.mean_target())
    network = build_ranking(spec, data, rates=rates, seed=seed)
    positives = liked(data, PositiveParameters())  # type: ignore[call-arg]
    if data.feedback == "implicit":
        positives = with_equal_weights(positives)
    ranking = Ranking(positives, candidates, ranking_penalty, share, seed)
    learner = RankingLearner(network, rows, ranking, batch_size=batch_size, penalty=penalty)
    outcome = run_epochs(learner, plan, observer=observer, identity=identity, resume_from=resume_from)
    softmax = "softmax cross-entropy"
    return Fitted(
        to_ranking_scorer(network, spec, data),
        predicts_ratings=rates,
        best_epoch=outcome.best_epoch,
        keras_model=network.whole,
        details={
            "history": outcome.history,
            "stopped_early": outcome.stopped_early,
            "total_parameters": learner.total_parameters,
            "determinism": recipe,
            "offset": spec.offset,
            "loss": f"mean squared error + {share:g} · {softmax}" if rates else softmax,
            "optimizer": OPTIMIZER,
        },
    )
