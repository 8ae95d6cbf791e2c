"""The epochs of a fit: report, checkpoint, stop early, notice divergence. The same for every iterative architecture."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from experiments.learning.recommenders import checkpoint
from experiments.learning.recommenders.base import Fitted, Observer, Parameters, Scorer, TrainingData
from experiments.learning.recommenders.checkpoint import Arrays, Progress
from experiments.learning.recommenders.errors import Diverged


class Learner(Protocol):
    """A model in training. Losses are means over rows, without penalties; see Architecture.objective."""

    total_parameters: int

    def train_epoch(self, epoch: int, learning_rate: float | None) -> float:
        """One pass over the training rows; the loss met on the way."""

    def validation_loss(self) -> float | None:
        """The loss of the validation rows; None where there are none."""

    def state(self) -> Arrays:
        """Everything that the next epoch depends on: weights, optimiser slots, random states."""

    def restore(self, state: Arrays) -> None:
        """Puts back what ``state`` returned."""

    def weights(self) -> Arrays:
        """A copy of what predictions depend on."""

    def set_weights(self, weights: Arrays) -> None:
        """Puts back what ``weights`` returned."""


class ScoringLearner(Learner, Protocol):
    """A learner that needs nothing else to score."""

    def scorer(self) -> Scorer:
        """What it has learnt so far, as arrays of its own."""


@dataclass(frozen=True)
class Plan:
    """How long to train and how fast.

    ``learning_rate`` of epoch e is ``learning_rate * learning_rate_decay ** (e - 1)``; None where there is none.
    ``patience``: epochs without a better validation loss before training ends and the best weights are put back;
    0 trains all epochs and keeps the last weights.
    """

    epochs: int
    learning_rate: float | None = None
    learning_rate_decay: float = 1.0
    patience: int = 0

    def rate(self, epoch: int) -> float | None:
        return None if self.learning_rate is None else self.learning_rate * self.learning_rate_decay ** (epoch - 1)


@dataclass(frozen=True)
class Outcome:
    """``best_epoch`` is the epoch whose weights the model now has."""

    best_epoch: int
    stopped_early: bool
    history: list[dict[str, float]]

    def fitted(self, learner: ScoringLearner, *, predicts_ratings: bool, optimizer: str) -> Fitted:
        """What a fit returns that is nothing but its learner and these epochs; ``optimizer`` is its name."""
        return Fitted(
            learner.scorer(),
            predicts_ratings=predicts_ratings,
            best_epoch=self.best_epoch,
            details={
                "history": self.history,
                "stopped_early": self.stopped_early,
                "total_parameters": learner.total_parameters,
                "optimizer": {"name": optimizer},
            },
        )


def identity_of(architecture: str, parameters: Parameters, seed: int, data: TrainingData) -> dict[str, Any]:
    """What a checkpoint must agree on before a fit goes on from it; JSON-able."""
    digest = hashlib.sha256()
    for fold in (data.train, data.validation):
        for array in (fold.user, fold.item, fold.value):
            digest.update(np.ascontiguousarray(array).data)
    for features in (data.user_features, data.item_features):
        digest.update(np.ascontiguousarray(features).data)
    return {
        "architecture": architecture,
        "parameters": parameters.model_dump(mode="json"),
        "seed": seed,
        "num_users": data.num_users,
        "num_items": data.num_items,
        "data_sha256": digest.hexdigest(),
    }


def run_epochs(
    learner: Learner,
    plan: Plan,
    *,
    observer: Observer,
    identity: Mapping[str, Any],
    resume_from: Path | None,
) -> Outcome:
    """Trains ``learner`` to the end of ``plan``.

    Raises Diverged, CheckpointError, and whatever the observer raises (StopTraining).
    """
    progress, best = Progress(), Arrays()
    if resume_from is not None:
        state, best, progress = checkpoint.read(resume_from, identity)
        learner.restore(state)
    observer.on_start(epochs=plan.epochs, total_parameters=learner.total_parameters)
    while progress.epoch < plan.epochs and not _out_of_patience(plan, progress):
        values = _one_epoch(learner, plan, progress.epoch + 1)
        progress.epoch += 1
        progress.history.append(values)
        if _is_better(values, progress):
            progress.best_epoch, progress.best_loss = progress.epoch, values["val_loss"]
            best = learner.weights() if plan.patience else Arrays()
        observer.on_epoch(progress.epoch, values, _saver(learner, best, progress, identity))
    return _finish(learner, plan, progress, best, observer)


def _one_epoch(learner: Learner, plan: Plan, epoch: int) -> dict[str, float]:
    rate = plan.rate(epoch)
    # Overflow on the way to a divergence is expected and reported below, in words.
    with np.errstate(over="ignore", invalid="ignore"):
        values = {"train_loss": learner.train_epoch(epoch, rate)}
        _check_finite("training loss", values["train_loss"], epoch, rate)
        validation = learner.validation_loss()
    if validation is not None:
        _check_finite("validation loss", validation, epoch, rate)
        values["val_loss"] = validation
    if rate is not None:
        values["learning_rate"] = rate
    return values


def _check_finite(what: str, value: float, epoch: int, rate: float | None) -> None:
    if not math.isfinite(value):
        raise Diverged(what=what, epoch=epoch, learning_rate=rate)


def _is_better(values: Mapping[str, float], progress: Progress) -> bool:
    return "val_loss" in values and (progress.best_loss is None or values["val_loss"] < progress.best_loss)


def _out_of_patience(plan: Plan, progress: Progress) -> bool:
    return (
        plan.patience > 0 and progress.best_epoch is not None and progress.epoch - progress.best_epoch >= plan.patience
    )


def _saver(learner: Learner, best: Arrays, progress: Progress, identity: Mapping[str, Any]) -> Any:
    def save(folder: Path) -> None:
        checkpoint.write(folder, state=learner.state(), best=best, progress=progress, identity=identity)

    return save


def _finish(learner: Learner, plan: Plan, progress: Progress, best: Arrays, observer: Observer) -> Outcome:
    stopped_early = progress.epoch < plan.epochs
    if stopped_early:
        observer.log(f"Stopped early after epoch {progress.epoch}: no better validation loss for {plan.patience}.")
    if not best or progress.best_epoch is None:
        return Outcome(progress.epoch, stopped_early, progress.history)
    learner.set_weights(best)
    if progress.best_epoch != progress.epoch:
        observer.log(f"Weights of epoch {progress.best_epoch}, the lowest validation loss, are kept.")
    return Outcome(progress.best_epoch, stopped_early, progress.history)
