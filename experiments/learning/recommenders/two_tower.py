"""Two-tower retrieval: a user's and an item's vector from separate networks, multiplied (Yi et al., RecSys 2019).

The item tower sees the item's embedding and features; the user tower what the user liked, as the sum of its items'
embeddings (Covington, Adams, Sargin, RecSys 2016), and the user's features. Learnt by in-batch sampled softmax with
log-Q correction. See keras_net/towers.py, in_batch_softmax.py and liked_histories.py.

What is learnt is s(u, i) = x·y + log q, q being the item's share of the liked pairs, as an estimate of log P(i | u):
the product says how much likelier than others a user is to like an item. Lists are ordered by x·y + popularity·log q.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, TrainingData
from experiments.learning.recommenders.loop import Plan, identity_of
from experiments.learning.recommenders.memory import of_tables
from experiments.learning.recommenders.network_fields import Patience
from experiments.learning.recommenders.positives import PositiveParameters, liked, with_equal_weights


class TwoTowerParameters(PositiveParameters):
    epochs: int = Field(10, ge=1, le=1000, title="Epochs", description="Passes over the liked pairs.")
    learning_rate: float = Field(0.0015, ge=1e-6, le=1, title="Learning rate", description="Step size of Adam.")
    learning_rate_decay: float = Field(
        0.93, ge=0.1, le=1, title="Learning rate decay", description="Factor from one epoch to the next; 1 keeps it."
    )
    embedding_dim: int = Field(
        64, ge=1, le=512, title="Embedding dimension", description="Length of the vectors that both towers end in."
    )
    hidden_units: int = Field(
        64, ge=1, le=4096, title="Hidden units", description="Width of the hidden layer of each tower."
    )
    batch_size: int = Field(
        1024,
        ge=2,
        le=65_536,
        title="Batch size",
        description="Liked pairs a step; the items of a batch are each other's competitors.",
    )
    regularization: float = Field(
        0.01,
        ge=0,
        le=100,
        title="Regularization (L2)",
        description="Penalty on the mean squared length of the vectors that both towers answer with.",
    )
    history_dropout: float = Field(
        0.5,
        ge=0,
        le=0.95,
        title="History dropout",
        description="Share of a user's liked items that a step leaves out of what the user tower sees.",
    )
    popularity: float = Field(
        1.0,
        ge=0,
        le=2,
        title="Popularity",
        description="How much an item's popularity counts in lists: 1 orders by how likely a user is to like it, "
        "0 by how much likelier than others.",
    )
    early_stopping_patience: Patience = 0


def fit(
    data: TrainingData,
    parameters: TwoTowerParameters,
    *,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
) -> Fitted:
    """See the module; raises UnusableData, CheckpointError, Diverged and what the observer raises."""
    positives = liked(data, parameters)
    # TensorFlow takes seconds to import, and web processes import this module for its form.
    from experiments.learning.recommenders.keras_net.fit_towers import fit_towers
    from experiments.learning.recommenders.keras_net.retrieval import RetrievalSettings
    from experiments.learning.recommenders.keras_net.towers import TowerSpec

    return fit_towers(
        with_equal_weights(positives) if data.feedback == "implicit" else positives,
        TowerSpec(parameters.embedding_dim, parameters.hidden_units),
        RetrievalSettings(
            batch_size=parameters.batch_size,
            regularization=parameters.regularization,
            history_dropout=parameters.history_dropout,
            popularity=parameters.popularity,
            seed=seed,
        ),
        Plan(
            parameters.epochs,
            parameters.learning_rate,
            parameters.learning_rate_decay,
            patience=parameters.early_stopping_patience,
        ),
        observer=observer,
        identity=identity_of(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )


ARCHITECTURE = Architecture(
    key="two_tower",
    label="Two-tower",
    summary="Users and items as vectors from histories and features; lists for large catalogues and for new users.",
    model_type="retrieval",
    framework="keras",
    parameters=TwoTowerParameters,
    fit=fit,
    objective="ranking",
    reads_features=True,
    memory=of_tables(),
)
