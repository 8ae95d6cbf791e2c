"""Feature columns of text to what they are: numbers, categories, or lists of categories."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def type_columns(
    frame: pd.DataFrame, *, lists: Sequence[str] = (), list_separator: str = "|", texts: Sequence[str] = ()
) -> pd.DataFrame:
    """A frame whose columns are float64, text (missing is NaN) or lists of text (missing is the empty list).

    A column is numeric where every filled cell is a number; ``lists`` are split; ``texts`` stay text in any case.
    """
    typed: dict[str, pd.Series] = {}
    for name in frame.columns:
        cells = frame[name].astype("str").str.strip()
        if name in lists:
            typed[name] = split_lists(cells, list_separator)
            continue
        cells = cells.where(cells != "")
        numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
        numeric = name not in texts and cells.notna().any() and bool((numbers.notna() == cells.notna()).all())
        typed[name] = numbers if numeric else cells
    return pd.DataFrame(typed, index=frame.index)


def split_lists(cells: pd.Series, separator: str) -> pd.Series:
    """Text to lists of distinct members in their order; blanks and empty members are dropped."""

    def members(cell: object) -> list[str]:
        if not isinstance(cell, str):
            return []
        return list(dict.fromkeys(part.strip() for part in cell.split(separator) if part.strip()))

    return pd.Series([members(cell) for cell in cells], index=cells.index, dtype="object")


def is_list_column(column: pd.Series) -> bool:
    """Whether the column holds lists (or arrays) rather than scalars."""
    return column.dtype == object and any(
        not isinstance(cell, str) and hasattr(cell, "__len__") for cell in column.head(100)
    )
