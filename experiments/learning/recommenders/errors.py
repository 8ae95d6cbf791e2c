"""What can go wrong in a fit, in words for the person who launched it."""

from __future__ import annotations


class TrainingError(ValueError):
    """Base of everything a fit refuses or gives up on."""


class UnusableData(TrainingError):
    """The training data contradicts itself; the message names the field, the value and what is accepted."""


class CheckpointError(TrainingError):
    """A checkpoint is damaged, or belongs to another run."""


class Diverged(TrainingError):
    """The loss is no longer a finite number."""

    def __init__(self, *, what: str, epoch: int, learning_rate: float | None) -> None:
        self.epoch = epoch
        self.learning_rate = learning_rate
        rate = "" if learning_rate is None else f" at learning rate {learning_rate:g}"
        advice = "Raise the regularization" if learning_rate is None else "Use a learning rate ten times smaller"
        super().__init__(
            f"Training diverged: the {what} of epoch {epoch}{rate} is not a finite number. {advice}, "
            "and look for extreme values in the data."
        )


class UnknownArchitecture(LookupError):
    """No architecture is registered under that key."""
