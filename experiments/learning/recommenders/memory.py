"""How much memory a fit takes, estimated from counts alone, so that what cannot fit is refused before it is launched.

Estimates are of the largest arrays a fit holds at a time, written down from the code that makes them; they leave out
what every process takes (about 0.6 GiB with TensorFlow) and the features, whose columns are not known before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LARGEST_SCORES = 1 << 29
"""Numbers of the scores of one batch of a sequence model, 2 GiB; their gradient takes as much again."""
SMALLER = "Take a smaller embedding dimension, or fewer users and items."


@dataclass(frozen=True)
class Size:
    """Of a dataset."""

    num_users: int
    num_items: int
    num_interactions: int


@dataclass(frozen=True)
class Need:
    """``most``: bytes that the method itself stays below, whatever there is; ``field``: what a person would change."""

    bytes: int
    what: str
    instead: str
    field: str = "architecture"
    most: int | None = None


def of_tables(copies: int = 4) -> Callable[[Any, Size], Need]:
    """Vectors of users and items, ``copies`` times: weights, two moments of Adam, and their gradient."""

    def need(parameters: Any, size: Size) -> Need:
        numbers = (size.num_users + size.num_items) * (parameters.embedding_dim + 1)
        return Need(
            4 * copies * numbers,
            f"vectors of {size.num_users:,} users and {size.num_items:,} items",
            SMALLER,
            "parameters.embedding_dim",
        )

    return need


def of_item_matrix(most: int) -> Callable[[Any, Size], Need]:
    """Every item with every other: a Gram matrix in double precision, 8 bytes, and the answer, 4; ``most`` of both."""

    def need(parameters: Any, size: Size) -> Need:
        del parameters
        return Need(
            12 * size.num_items**2,
            f"weights between all of its {size.num_items:,} items",
            "Take implicit_als or bpr, whose memory grows with the number of items and not with its square.",
            most=most,
        )

    return need


def of_sequences(parameters: Any, size: Size) -> Need:
    """Scores of all items at each place of a batch, their gradient, and the tables."""
    scores = parameters.batch_size * parameters.max_length * size.num_items
    tables = 16 * size.num_items * (parameters.embedding_dim + 1) + 4 * size.num_users * parameters.max_length
    return Need(
        8 * scores + tables,
        f"scores of {size.num_items:,} items at each place of a batch",
        f"Take batch_size × max_length up to {LARGEST_SCORES // max(size.num_items, 1):,}.",
        "parameters.batch_size",
        most=8 * LARGEST_SCORES + tables,
    )
