"""What every model over sequences asks for, and how its fit begins."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from pydantic import Field

from experiments.learning.recommenders.base import Parameters, TrainingData
from experiments.learning.recommenders.loop import identity_of
from experiments.learning.recommenders.network_fields import Patience
from experiments.learning.recommenders.positives import PositiveParameters


class SequenceParameters(PositiveParameters):
    epochs: int = Field(40, ge=1, le=1000, title="Epochs", description="Passes over all histories.")
    learning_rate: float = Field(0.003, ge=1e-6, le=1, title="Learning rate", description="Step size of Adam.")
    max_length: int = Field(
        50,
        ge=2,
        le=1000,
        title="Length of a history",
        description="The newest items of a user that the model reads; time grows with it.",
    )
    embedding_dim: int = Field(
        64, ge=1, le=512, title="Embedding dimension", description="Length of the vector of each item."
    )
    blocks: int = Field(1, ge=1, le=8, title="Blocks", description="Layers of attention, one above the other.")
    heads: int = Field(
        2,
        ge=1,
        le=16,
        title="Heads",
        description="Patterns that a block looks for; they share the embedding dimension.",
    )
    dropout: float = Field(
        0.2, ge=0, le=0.9, title="Dropout", description="Share of the activations dropped at random while training."
    )
    batch_size: int = Field(32, ge=1, le=4096, title="Batch size", description="Pieces of histories a step.")
    early_stopping_patience: Patience = 0


def sequence_identity(architecture: str, parameters: Parameters, seed: int, data: TrainingData) -> dict[str, Any]:
    """As :func:`identity_of`, with the times: another order is other data."""
    times = np.ascontiguousarray(data.train.timestamp)
    return identity_of(architecture, parameters, seed, data) | {"times_sha256": hashlib.sha256(times.data).hexdigest()}
