"""What an architecture is, and what the rest of the product may ask of one.

Adding an architecture is one file that ends in ``ARCHITECTURE = Architecture(...)`` and one line in
``registry.py``. Forms, API, command, docs and tests follow from that record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from experiments.learning.data.interactions import Feedback, FloatArray, IntArray
from experiments.learning.recommenders.memory import Need, Size

ModelType = Literal["hybrid", "retrieval", "ranking", "embedding", "baseline", "tabular"]


class Parameters(BaseModel):
    """Base of every architecture's hyperparameters: typed, bounded, closed, with defaults.

    Each field is declared with ``Field(default, ge=, le=, title=, description=)``: form, API schema and
    command line are generated from it, so bounds live here and nowhere else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


@dataclass(frozen=True)
class Fold:
    """Encoded interactions of one part (train, validation or test) of a split; parallel arrays."""

    user: IntArray
    item: IntArray
    value: FloatArray
    timestamp: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.user)


@dataclass(frozen=True)
class TrainingData:
    """What an architecture is given to learn from. It never sees the test part.

    ``user_features`` and ``item_features`` are dense float32 matrices with one row a code (columns may
    be zero), fitted on the training part only; see ``learning.data.features``.
    """

    train: Fold
    validation: Fold
    num_users: int
    num_items: int
    feedback: Feedback
    scale: tuple[float, float] | None
    user_features: FloatArray
    item_features: FloatArray
    user_feature_names: tuple[str, ...] = ()
    item_feature_names: tuple[str, ...] = ()


class StopTraining(Exception):
    """Raised by an observer to end a fit at an epoch boundary (a person pressed stop, the lease is lost)."""


class Observer(Protocol):
    """How a fit reports what happens, and how it is resumed and stopped."""

    def on_start(self, *, epochs: int, total_parameters: int) -> None:
        """Called once, before the first epoch, also after a resume. ``epochs`` is 0 for what is fitted in one step."""

    def on_epoch(self, epoch: int, values: Mapping[str, float], save: Callable[[Path], None]) -> None:
        """Called after each epoch (1-based) with train_loss, val_loss (where there is a validation part) and
        learning_rate (where there is one). Losses carry no penalties; what they are, Architecture.objective says.

        ``save(folder)`` writes everything needed to go on from here bit for bit (weights, optimiser slots,
        position of the random generators) into an existing empty folder. May raise StopTraining.
        """

    def log(self, message: str) -> None:
        """One line for the run's log."""


class Scorer(Protocol):
    """A trained model as plain arrays, scored with NumPy alone (no TensorFlow).

    Lists are made of ``score_block``; ``score_pairs`` answers for single pairs, and where a model predicts ratings with
    ratings. The two agree within 1e-5 unless the scorer :func:`ranks_apart`: then pairs are ratings and blocks ranking
    scores of another scale, so a rating is never read out of a block, nor a pair placed in a list.
    """

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        """Predicted rating or ranking score of each (user, item) pair, shape (n,)."""

    def score_block(self, users: IntArray) -> FloatArray:
        """Scores that order every item for these users, shape (len(users), num_items); a fresh array."""

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything needed to rebuild it, as named arrays (stored as safetensors)."""

    def config(self) -> dict[str, Any]:
        """JSON-able settings that go with the arrays; ``config()["kind"]`` names the scorer class."""


def ranks_apart(scorer: Scorer) -> bool:
    """Whether blocks rank by something else than the ratings that pairs are answered with; its config says so."""
    return bool(scorer.config().get("ranks_apart", False))


@dataclass(frozen=True)
class Fitted:
    """What a fit returns.

    ``predicts_ratings`` says that scores of pairs are on the rating scale (so RMSE and the *rated* protocol's cut
    make sense). ``keras_model`` is kept for saving as ``.keras``; None for others.
    """

    scorer: Scorer
    predicts_ratings: bool
    best_epoch: int | None = None
    keras_model: Any = None
    details: dict[str, Any] = field(default_factory=dict)


class Fit(Protocol):
    def __call__(
        self,
        data: TrainingData,
        parameters: Any,
        *,
        seed: int,
        observer: Observer,
        resume_from: Path | None = None,
    ) -> Fitted: ...


@dataclass(frozen=True)
class Architecture:
    """One kind of model a person can choose."""

    key: str
    label: str
    summary: str
    """One sentence: what it is for and what it is not good at."""
    model_type: ModelType
    framework: Literal["keras", "numpy"]
    parameters: type[Parameters]
    fit: Fit
    feedback: tuple[Feedback, ...] = ("explicit", "implicit")
    """Kinds of data it accepts; checked before launch, with a sentence that says why not."""
    iterative: bool = True
    """False: fitted in one step, so there are no epochs, no curves and no checkpoints."""
    objective: Literal["ratings", "ranking"] = "ratings"
    """What is learnt from explicit data at its defaults. "ratings": to predict them, losses are mean squared errors.
    "ranking": the order alone, so scores are no ratings and losses are those of the method's own objective."""
    needs_timestamps: bool = False
    """It learns from the order of events; data without times is refused before launch."""
    reads_features: bool = False
    """It learns from features of users and items where the data has any; it needs none."""
    memory: Callable[[Any, Size], Need] | None = None
    """About how much a fit with these parameters takes on data of that size; None where it is next to nothing."""

    def validate(self, values: Mapping[str, Any]) -> Parameters:
        """Typed parameters, or pydantic.ValidationError naming field, value and bounds."""
        return self.parameters.model_validate(dict(values))
