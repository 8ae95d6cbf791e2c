"""Parameters that every network over embeddings has, so that they read alike on every form."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

EmbeddingDim = Annotated[
    int,
    Field(ge=1, le=512, title="Embedding dimension", description="Length of the vector of each user and item."),
]
BatchSize = Annotated[int, Field(ge=1, le=65_536, title="Batch size", description="Rows a step.")]
Patience = Annotated[
    int,
    Field(
        ge=0,
        le=1000,
        title="Early stopping patience",
        description="Epochs without a better validation loss before training ends; 0 trains all epochs.",
    ),
]
NegativesPerPositive = Annotated[
    int,
    Field(
        ge=1,
        le=100,
        title="Negatives per positive",
        description="Unseen items sampled for each seen one. Implicit feedback only.",
    ),
]
