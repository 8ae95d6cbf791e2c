"""The action and the outcome of each row, or a TableError that names column, row and value."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.learning.tabular.base import Floats, Roles, TableError
from experiments.learning.tabular.columns import Texts, known_numbers, texts


def outcomes(frame: pd.DataFrame, roles: Roles) -> Floats:
    """1.0 where it worked and 0.0 where not, shape (rows,). Raises TableError for anything else."""
    values = known_numbers(frame, roles.outcome)
    wrong = (values != 0) & (values != 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise TableError(f"{roles.outcome} is {values[row]:g} in row {row + 1}. Accepted: 0 or 1.")
    return values


def actions(frame: pd.DataFrame, roles: Roles) -> Texts:
    """What was done, as text, shape (rows,). Raises TableError where it is missing."""
    values = texts(frame, roles.action)
    missing = values == ""
    if missing.any():
        raise TableError(f"{roles.action} is missing in row {int(np.argmax(missing)) + 1}. Accepted: an action.")
    return values


def known_actions(taken: Texts, control: str) -> tuple[str, ...]:
    """Each action once: the control first where it was ever taken, the others in the order of their names."""
    found = sorted({str(action) for action in taken})
    return tuple(sorted(found, key=lambda action: action != control))


def shares_of(taken: Texts, known: tuple[str, ...]) -> Floats:
    """How often each known action was taken, as shares that sum to 1, shape (actions,)."""
    counts = np.array([np.count_nonzero(taken == action) for action in known], dtype=np.float64)
    return np.asarray(counts / counts.sum(), dtype=np.float64)
