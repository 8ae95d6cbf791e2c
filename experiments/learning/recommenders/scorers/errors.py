"""What scorers refuse."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.interactions import IntArray


class ScorerError(ValueError):
    """Arrays, settings or codes that a scorer cannot work with; the message names field, value and what is accepted."""


def require_shape(name: str, array: NDArray[Any], shape: tuple[int | None, ...]) -> None:
    """Raises ScorerError where ``array`` has another shape; None accepts any length of that dimension."""
    fits = array.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ScorerError(f"{name} has shape {array.shape}; accepted: ({wanted}).")


def require_finite(name: str, array: NDArray[Any]) -> None:
    """Of a compact matrix what is stored is checked, so that it is not made whole for that."""
    if not np.isfinite(getattr(array, "stored", array)).all():
        raise ScorerError(f"{name} holds NaN or infinity; accepted: finite numbers.")


def require_codes(name: str, codes: IntArray, limit: int) -> None:
    """Raises ScorerError where a code lies outside [0, limit); NumPy alone would wrap a negative one silently."""
    if codes.ndim != 1:
        raise ScorerError(f"{name} has shape {codes.shape}; accepted: one dimension.")
    if len(codes) and (codes.min() < 0 or codes.max() >= limit):
        wrong = codes[(codes < 0) | (codes >= limit)][0]
        raise ScorerError(f"{name} holds the code {wrong}; accepted: 0 to {limit - 1}.")


def require_pairs(users: IntArray, items: IntArray, num_users: int, num_items: int) -> None:
    if users.shape != items.shape:
        raise ScorerError(f"users and items have shapes {users.shape} and {items.shape}; accepted: one shape.")
    require_codes("users", users, num_users)
    require_codes("items", items, num_items)
