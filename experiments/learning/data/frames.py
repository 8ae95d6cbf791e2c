"""Feature frames in their stored form: one row a code, columns in the order of their names."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.quarantine import FEATURE, Quarantine
from experiments.learning.data.readers.base import FeatureTable
from experiments.learning.data.typed_features import is_list_column


def align_features(
    table: FeatureTable | None, ids: NDArray[np.str_], owner: str, quarantine: Quarantine, notes: list[str]
) -> pd.DataFrame | None:
    """The features of these identifiers in their order; what does not fit is reported, never dropped in silence."""
    if table is None:
        return None
    for row in table.refused:
        quarantine.add(FEATURE, row.file, row.line, row.reason, row.raw)
    frame = table.frame
    known = frame.index.isin(ids)
    if not known.all():
        notes.append(f"{int((~known).sum()):,} {owner} in {table.file} have no interaction and are left out.")
    without = len(ids) - int(known.sum())
    if without:
        notes.append(f"{without:,} of {len(ids):,} {owner} have no row in {table.file}; their features are empty.")
    if not frame.columns.size:
        return None
    return tidy(frame.reindex(pd.Index(ids)))


def tidy(frame: pd.DataFrame) -> pd.DataFrame:
    """Columns by name; numbers float64, text ``str`` with NaN for missing, lists of ``str`` with [] for missing."""
    columns: dict[str, pd.Series] = {}
    for name in sorted(map(str, frame.columns)):
        column = frame[name]
        if is_list_column(column):
            lists = [[] if isinstance(cell, float) or cell is None else [str(part) for part in cell] for cell in column]
            columns[name] = pd.Series(lists, dtype="object")
        elif pd.api.types.is_numeric_dtype(column.dtype):
            columns[name] = pd.Series(column.to_numpy(dtype=np.float64, na_value=np.nan))
        else:
            columns[name] = column.astype("str").reset_index(drop=True)
    return pd.DataFrame(columns)
