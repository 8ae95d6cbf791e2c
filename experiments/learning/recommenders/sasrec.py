"""SASRec: what comes next, from a transformer that reads the history from left to right (Kang, McAuley, ICDM 2018).

Learnt by softmax cross-entropy over all items instead of one sampled negative: with it SASRec is as good as BERT4Rec
or better (Petrov, Macdonald, RecSys 2023; Klenitskiy, Vasilev, RecSys 2023).
"""

from __future__ import annotations

from pathlib import Path

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, TrainingData
from experiments.learning.recommenders.loop import Plan
from experiments.learning.recommenders.positives import liked, with_equal_weights
from experiments.learning.recommenders.sequence_parameters import SequenceParameters, sequence_identity
from experiments.learning.recommenders.sequences import check_timestamps


class SasrecParameters(SequenceParameters):
    pass


def fit(
    data: TrainingData,
    parameters: SasrecParameters,
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
            inner=parameters.embedding_dim,
            activation="relu",
            dropout=parameters.dropout,
            causal=True,
        ),
        Plan(parameters.epochs, parameters.learning_rate, patience=parameters.early_stopping_patience),
        batch_size=parameters.batch_size,
        share=0.0,
        seed=seed,
        observer=observer,
        identity=sequence_identity(ARCHITECTURE.key, parameters, seed, data),
        resume_from=resume_from,
    )


ARCHITECTURE = Architecture(
    key="sasrec",
    label="SASRec",
    summary="Reads each user's history in order and says what comes next; needs times, minutes to train.",
    model_type="ranking",
    framework="keras",
    parameters=SasrecParameters,
    fit=fit,
    objective="ranking",
    needs_timestamps=True,
)
