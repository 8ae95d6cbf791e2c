"""From data and settings to a fitted transformer over histories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.learning.recommenders.base import Fitted, Observer, TrainingData
from experiments.learning.recommenders.errors import UnusableData
from experiments.learning.recommenders.keras_net import determinism
from experiments.learning.recommenders.keras_net.adam import RECORD as OPTIMIZER
from experiments.learning.recommenders.keras_net.sequence_learner import DrawWindows, SequenceLearner
from experiments.learning.recommenders.keras_net.transformer import TransformerSpec, build, to_scorer
from experiments.learning.recommenders.loop import Plan, run_epochs
from experiments.learning.recommenders.memory import LARGEST_SCORES
from experiments.learning.recommenders.popularity import counts
from experiments.learning.recommenders.sequences import Sequences, cloze_windows, next_item_windows


def fit_sequences(
    data: TrainingData,
    spec: TransformerSpec,
    plan: Plan,
    *,
    batch_size: int,
    share: float,
    seed: int,
    observer: Observer,
    identity: Mapping[str, Any],
    resume_from: Path | None,
) -> Fitted:
    """``data``: liked pairs with their times. A causal network learns to say what comes next, any other what is hidden.

    ``share``: of the items that are hidden at a time. Raises UnusableData, Diverged, CheckpointError, and what the
    observer raises.
    """
    _check_size(spec, batch_size)
    recipe = determinism.prepare(seed)
    sequences = Sequences.of(data.train, data.num_users)
    histories, popularity = sequences.histories(spec.length, spec.hidden_token), counts(data)
    network = build(spec, histories, popularity, seed=seed)
    learner = SequenceLearner(
        network,
        _windows(sequences, spec, share),
        histories=histories,
        popularity=popularity,
        validation=data.validation,
        batch_size=batch_size,
        seed=seed,
    )
    outcome = run_epochs(learner, plan, observer=observer, identity=identity, resume_from=resume_from)
    return Fitted(
        to_scorer(network, histories, popularity),
        predicts_ratings=False,
        best_epoch=outcome.best_epoch,
        keras_model=network.model,
        details={
            "history": outcome.history,
            "stopped_early": outcome.stopped_early,
            "total_parameters": learner.total_parameters,
            "determinism": recipe,
            "loss": "cross-entropy of a softmax over all items",
            "optimizer": OPTIMIZER,
        },
    )


def _windows(sequences: Sequences, spec: TransformerSpec, share: float) -> DrawWindows:
    hidden = spec.hidden_token
    if hidden is None:
        return lambda generator: next_item_windows(sequences, spec.length, generator)
    return lambda generator: cloze_windows(sequences, spec.length, generator, share=share, hidden=hidden)


def _check_size(spec: TransformerSpec, batch_size: int) -> None:
    """Raises UnusableData where the scores of one batch would take more than LARGEST_SCORES."""
    numbers = batch_size * spec.length * spec.num_items
    if numbers > LARGEST_SCORES:
        raise UnusableData(
            f"batch_size is {batch_size} and max_length {spec.length}: scores of {spec.num_items:,} items for each "
            f"place of a batch take {numbers * 4 / 2**30:.1f} GiB. Accepted: a smaller product, "
            f"batch_size × max_length up to {LARGEST_SCORES // spec.num_items:,}."
        )
