"""Matrices kept in fewer bytes, for scorers that take rows of them and never multiply them whole.

Half precision: float16 as it is. Eight bits: each row divided by its greatest magnitude and rounded to −127 … 127
(symmetric, a scale a row; Krishnamoorthi 2018, section 2.3). A row is made float32 again when it is taken, so that what
is computed with stays as it was and only what is stored and mapped shrinks, to a half or a quarter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.data.interactions import FloatArray
from experiments.learning.recommenders.scorers.errors import ScorerError, require_finite, require_shape

Precision = Literal["half", "int8"]
PRECISIONS: tuple[Precision, ...] = ("half", "int8")
TAKEN_BY_ROWS: Mapping[str, tuple[str, ...]] = {
    "linear": ("weights",),
    "factors": ("user_factors",),
    "network": ("user_embedding",),
}
"""By the kind of scorer: what may be kept compact."""
_SCALE = ".scale"
_MOST = 127
_ROWS_AT_ONCE = 4096


class CompactMatrix:
    """(n, m) in float16, or in int8 with ``scale`` (n,). Rows and parts of rows come as float32."""

    def __init__(self, stored: NDArray[Any], scale: FloatArray | None = None) -> None:
        self.stored, self.scale = stored, scale
        self.shape, self.ndim, self.dtype = stored.shape, stored.ndim, np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self.stored)

    def __getitem__(self, key: Any) -> FloatArray:
        """By a row, an array of rows, or what ``np.ix_`` makes of rows and columns."""
        found: FloatArray = self.stored[key].astype(np.float32)
        if self.scale is not None:
            scale = self.scale[key[0] if isinstance(key, tuple) else key]
            found *= scale if np.ndim(scale) == found.ndim else np.asarray(scale)[..., None]
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The whole of it, for checks and tests."""
        return np.asarray(self[np.arange(len(self))], dtype)


def shrunk(kind: str, arrays: Mapping[str, NDArray[Any]], precision: Precision) -> dict[str, NDArray[Any]]:
    """A scorer's arrays with those that are taken by rows made smaller. Raises ScorerError where it has none."""
    names = TAKEN_BY_ROWS.get(kind, ())
    if not names:
        raise ScorerError(
            f"Scorers of the kind {kind!r} hold nothing that shrinks; accepted: {', '.join(TAKEN_BY_ROWS)}."
        )
    made = dict(arrays)
    for name in names:
        if precision == "half":
            made[name] = _half(name, arrays[name])
        else:
            made[name], made[name + _SCALE] = _eight_bits(arrays[name])
    return made


def opened(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """The same for a scorer to work with: compact arrays stand as :class:`CompactMatrix`."""
    made: dict[str, Any] = {name: array for name, array in arrays.items() if not name.endswith(_SCALE)}
    for name, array in arrays.items():
        if name.endswith(_SCALE):
            values = arrays[name.removesuffix(_SCALE)]
            require_shape(name, array, (len(values),))
            require_finite(name, array)
            made[name.removesuffix(_SCALE)] = CompactMatrix(values, array)
        elif array.dtype == np.float16:
            made[name] = CompactMatrix(array)
    return made


def product(rows: sparse.csr_array, matrix: FloatArray | CompactMatrix) -> FloatArray:
    """Sparse (n, k) times (k, m) → (n, m). Of a compact matrix only the rows that count are made."""
    if not isinstance(matrix, CompactMatrix):
        made: FloatArray = rows @ matrix
        return made
    found = np.zeros((rows.shape[0], matrix.shape[1]), np.float32)
    for row in range(rows.shape[0]):
        part = slice(rows.indptr[row], rows.indptr[row + 1])
        found[row] = rows.data[part].astype(np.float32) @ matrix[rows.indices[part]]
    return found


def weighted(values: FloatArray, matrix: FloatArray | CompactMatrix) -> FloatArray:
    """Dense (k,) times (k, m) → (m,)."""
    if not isinstance(matrix, CompactMatrix):
        made: FloatArray = values @ matrix
        return made
    found = np.zeros(matrix.shape[1], np.float32)
    for start in range(0, len(matrix), _ROWS_AT_ONCE):
        part = np.arange(start, min(start + _ROWS_AT_ONCE, len(matrix)))
        found += values[part] @ matrix[part]
    return found


def _half(name: str, array: NDArray[Any]) -> NDArray[np.float16]:
    greatest = float(np.abs(array).max(initial=0.0))
    if greatest > float(np.finfo(np.float16).max):
        raise ScorerError(f"{name} holds {greatest:g}; accepted for half precision: up to 65504. int8 takes any.")
    return array.astype(np.float16)


def _eight_bits(array: NDArray[Any]) -> tuple[NDArray[np.int8], FloatArray]:
    greatest = np.abs(array).max(axis=1, initial=0.0)
    scale = np.where(greatest > 0, greatest / _MOST, 1.0).astype(np.float32)
    return np.rint(array / scale[:, None]).clip(-_MOST, _MOST).astype(np.int8), scale
