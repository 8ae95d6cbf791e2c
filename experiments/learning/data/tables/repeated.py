"""Rows about a day of a series that another row was about already."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.tabular.base import Roles


def repeated_days(frame: pd.DataFrame, roles: Roles) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which rows come second for their series and day (UTC), shape (n,), and the position of the first such row."""
    keys = pd.DataFrame({"day": frame[roles.time].dt.floor("D")})
    for name in roles.series:
        keys[f"series {name}"] = frame[name]
    group = keys.groupby(list(keys.columns), sort=False, dropna=False).ngroup().to_numpy()
    _, first = np.unique(group, return_index=True)
    first_of = first[group].astype(np.int64)
    return first_of != np.arange(len(frame)), first_of
