"""The fit that SASRec and BERT4Rec share; what differs between them stands in their own files."""

from __future__ import annotations

from pathlib import Path

from experiments.learning.recommenders.base import Fitted, Observer, TrainingData
from experiments.learning.recommenders.loop import Plan
from experiments.learning.recommenders.positives import liked, with_equal_weights
from experiments.learning.recommenders.sequence_parameters import SequenceParameters, sequence_identity
from experiments.learning.recommenders.sequences import check_timestamps


def fit_sequence_model(
    data: TrainingData,
    parameters: SequenceParameters,
    *,
    key: str,
    label: str,
    inner: int,
    activation: str,
    hidden_share: float | None,
    seed: int,
    observer: Observer,
    resume_from: Path | None,
) -> Fitted:
    """``inner``: width of the network in each block. ``hidden_share`` None: from left to right, what comes next.

    Raises UnusableData, CheckpointError, Diverged and what the observer raises.
    """
    positives = liked(data, parameters)
    check_timestamps(data, label)
    # TensorFlow takes seconds to import, and web processes import the architectures for their forms.
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
            inner=inner,
            activation=activation,
            dropout=parameters.dropout,
            causal=hidden_share is None,
        ),
        Plan(parameters.epochs, parameters.learning_rate, patience=parameters.early_stopping_patience),
        batch_size=parameters.batch_size,
        share=hidden_share or 0.0,
        seed=seed,
        observer=observer,
        identity=sequence_identity(key, parameters, seed, data),
        resume_from=resume_from,
    )
