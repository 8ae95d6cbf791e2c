"""SASRec: what comes next, from a transformer that reads the history from left to right (Kang, McAuley, ICDM 2018).

Learnt by softmax cross-entropy over all items instead of one sampled negative: with it SASRec is as good as BERT4Rec
or better (Petrov, Macdonald, RecSys 2023; Klenitskiy, Vasilev, RecSys 2023).
"""

from __future__ import annotations

from pathlib import Path

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, TrainingData
from experiments.learning.recommenders.memory import of_sequences
from experiments.learning.recommenders.sequence_models import fit_sequence_model
from experiments.learning.recommenders.sequence_parameters import SequenceParameters


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
    return fit_sequence_model(
        data,
        parameters,
        key=ARCHITECTURE.key,
        label=ARCHITECTURE.label,
        inner=parameters.embedding_dim,
        activation="relu",
        hidden_share=None,
        seed=seed,
        observer=observer,
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
    memory=of_sequences,
)
