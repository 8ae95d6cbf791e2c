"""BERT4Rec: hidden items from what stands on both sides of them in the history (Sun et al., CIKM 2019).

An answer is asked for with a hidden item after the newest. Learnt by softmax cross-entropy over all items, long enough:
most copies that fall behind the paper do not (Petrov, Macdonald, RecSys 2022).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, TrainingData
from experiments.learning.recommenders.loop import Plan
from experiments.learning.recommenders.positives import liked, with_equal_weights
from experiments.learning.recommenders.sequence_parameters import SequenceParameters, sequence_identity
from experiments.learning.recommenders.sequences import check_timestamps


class Bert4RecParameters(SequenceParameters):
    epochs: int = Field(50, ge=1, le=1000, title="Epochs", description="Passes over all histories.")
    hidden_share: float = Field(
        0.3, ge=0.01, le=0.95, title="Hidden share", description="Share of the items that are hidden at a time."
    )


def fit(
    data: TrainingData,
    parameters: Bert4RecParameters,
    *,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
) -> Fitted:
    """See the module; raises UnusableData, CheckpointError, Diverged and what the observer raises."""
    positives = liked(data, parameters)
    check_timestamps(data, ARCHITECTURE.label)
    # TensorFlow takes seconds to import, and web processes import this module for its form.
    from experiments.learning.recommenders.keras_net.sequence_fit import fit_sequences
    from experiments.learning.recommenders.keras_net.transformer import TransformerSpec

    return fit_sequences(
        with_equal_weights(positives) if data.feedback == "implicit" else positives,
        TransformerSpec(
            num_items=data.num_items,
            length=parameters.max_length,
            size=parameters.embedding_dim,
            blocks=parameters.blocks,
            heads=parameters.heads,
            inner=4 * parameters.embedding_dim,
            activation="gelu",
            dropout=parameters.dropout,
            causal=False,
        ),
        Plan(parameters.epochs, parameters.learning_rate, patience=parameters.early_stopping_patience),
        batch_size=parameters.batch_size,
        share=parameters.hidden_share,
        seed=seed,
        observer=observer,
        identity=sequence_identity(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )


ARCHITECTURE = Architecture(
    key="bert4rec",
    label="BERT4Rec",
    summary="Guesses hidden items of a user's history from both sides; needs times and data, SASRec is often better.",
    model_type="ranking",
    framework="keras",
    parameters=Bert4RecParameters,
    fit=fit,
    objective="ranking",
    needs_timestamps=True,
)
