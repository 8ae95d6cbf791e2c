"""Refuses what cannot be evaluated, by name, before any work is done."""

from __future__ import annotations

import numpy as np

from experiments.learning.data.interactions import Feedback
from experiments.learning.recommenders.base import Fold


def check_input(parts: dict[str, Fold], num_items: int, feedback: Feedback, scale: tuple[float, float] | None) -> None:
    """Check parts (by name: train, validation, test), catalogue and scale.

    Raises:
        ValueError: arrays of unequal length, codes out of range, no test rows, or no scale for explicit ratings.
    """
    if num_items < 1:
        raise ValueError(f"num_items is {num_items!r}; it must be 1 or more.")
    if feedback not in ("explicit", "implicit"):
        raise ValueError(f"feedback is {feedback!r}; it must be 'explicit' or 'implicit'.")
    if feedback == "explicit" and scale is None:
        raise ValueError("scale is None; explicit ratings need the lowest and highest rating, such as (1, 5).")
    for name, fold in parts.items():
        _check_fold(name, fold, num_items)
    if len(parts["test"]) == 0:
        raise ValueError("test is empty; an evaluation needs at least one test interaction.")


def _check_fold(name: str, fold: Fold, num_items: int) -> None:
    if not len(fold.user) == len(fold.item) == len(fold.value):
        sizes = f"{len(fold.user)} users, {len(fold.item)} items and {len(fold.value)} values"
        raise ValueError(f"{name} holds {sizes}; the arrays must have the same length.")
    if len(fold) == 0:
        return
    if fold.user.min() < 0:
        raise ValueError(f"{name}.user holds the code {int(fold.user.min())}; codes start at 0.")
    if fold.item.min() < 0 or fold.item.max() >= num_items:
        wrong = int(fold.item.min() if fold.item.min() < 0 else fold.item.max())
        raise ValueError(
            f"{name}.item holds the code {wrong}; codes lie between 0 and num_items - 1 = {num_items - 1}."
        )
    if not np.isfinite(fold.value).all():
        row = int(np.argmin(np.isfinite(fold.value)))
        raise ValueError(f"{name}.value[{row}] is {fold.value[row]}; values must be finite numbers.")
