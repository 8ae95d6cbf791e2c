"""BERT4Rec: hidden items from what stands on both sides of them in the history (Sun et al., CIKM 2019).

An answer is asked for with a hidden item after the newest. Learnt by softmax cross-entropy over all items, long enough:
most copies that fall behind the paper do not (Petrov, Macdonald, RecSys 2022).
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from experiments.learning.recommenders.base import Architecture, Fitted, Observer, TrainingData
from experiments.learning.recommenders.memory import of_sequences
from experiments.learning.recommenders.sequence_models import fit_sequence_model
from experiments.learning.recommenders.sequence_parameters import SequenceParameters


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
    return fit_sequence_model(
        data,
        parameters,
        key=ARCHITECTURE.key,
        label=ARCHITECTURE.label,
        inner=4 * parameters.embedding_dim,
        activation="gelu",
        hidden_share=parameters.hidden_share,
        seed=seed,
        observer=observer,
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
    memory=of_sequences,
)
