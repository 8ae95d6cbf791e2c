"""One number for what a dataset says: SHA-256 of its content, whatever the order of rows, columns or codes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.frames import tidy
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.typed_features import is_list_column

_VERSION = b"mlopspro interactions 1"
_TABLE_VERSION = b"mlopspro table 1"


def fingerprint(interactions: Interactions) -> str:
    """SHA-256 (hexadecimal) over identifiers, values, times, parts, scale and features, in canonical order.

    Every part is preceded by its name and length, so that no two contents run together into the same bytes.
    """
    digest = hashlib.sha256(_VERSION)
    users, user_rank = _sorted(interactions.user_ids)
    items, item_rank = _sorted(interactions.item_ids)
    user, item = user_rank[interactions.user], item_rank[interactions.item]
    order = _canonical_order(user, item, interactions)
    _add(digest, "feedback", interactions.feedback.encode())
    _add(digest, "scale", repr(tuple(map(float, interactions.scale)) if interactions.scale else None).encode())
    _add_texts(digest, "user_ids", interactions.user_ids[users].tolist())
    _add_texts(digest, "item_ids", interactions.item_ids[items].tolist())
    _add_numbers(digest, "user", user[order], "<i4")
    _add_numbers(digest, "item", item[order], "<i4")
    _add_numbers(digest, "value", interactions.value[order], "<f4")
    if interactions.timestamp is not None:
        _add_numbers(digest, "timestamp", interactions.timestamp[order], "<i8")
    if interactions.part is not None:
        _add_numbers(digest, "part", interactions.part[order], "<i1")
    _add_frame(digest, "users", interactions.users, users)
    _add_frame(digest, "items", interactions.items, items)
    return digest.hexdigest()


def _sorted(ids: NDArray[np.str_]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    order = np.argsort(ids, kind="stable")
    rank = np.empty(len(ids), np.int32)
    rank[order] = np.arange(len(ids), dtype=np.int32)
    return order, rank


def _canonical_order(
    user: NDArray[np.int32], item: NDArray[np.int32], interactions: Interactions
) -> NDArray[np.int64] | slice:
    pair = user.astype(np.int64) * max(interactions.num_items, 1) + item
    if len(pair) < 2 or bool((pair[1:] > pair[:-1]).all()):
        return slice(None)
    keys: list[NDArray[Any]] = [interactions.value]
    if interactions.timestamp is not None:
        keys.append(interactions.timestamp)
    if interactions.part is not None:
        keys.append(interactions.part)
    return np.lexsort((*keys, pair))


def _add(digest: Any, name: str, content: bytes) -> None:
    digest.update(f"{name}:{len(content)}:".encode())
    digest.update(content)


def _add_numbers(digest: Any, name: str, numbers: NDArray[Any], kind: str) -> None:
    array = np.ascontiguousarray(numbers, dtype=kind)
    if array.dtype.kind == "f":
        # One zero and one NaN: -0.0 and other NaNs are the same to people and to a model.
        array = np.where(np.isnan(array), np.array(np.nan, kind), array + np.array(0, kind)).astype(kind)
    digest.update(f"{name}:{array.nbytes}:".encode())
    digest.update(array.data.cast("B"))


def _add_texts(digest: Any, name: str, texts: Iterable[object]) -> None:
    """Each text with its length in bytes; None and NaN as missing."""
    pieces = []
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else None
        pieces.append(b"-" if encoded is None else b"%d:" % len(encoded) + encoded)
    _add(digest, name, b"".join(pieces))


def _add_frame(digest: Any, name: str, frame: pd.DataFrame | None, order: NDArray[np.int64]) -> None:
    if frame is None:
        return
    ordered = tidy(frame.iloc[order])
    for column in ordered.columns:
        cells = ordered[column]
        label = f"{name}.{column}"
        if is_list_column(cells):
            _add(digest, label, b"lists")
            for position, members in enumerate(cells):
                _add_texts(digest, str(position), members)
        elif pd.api.types.is_numeric_dtype(cells.dtype):
            _add_numbers(digest, label, cells.to_numpy(np.float64), "<f8")
        else:
            _add_texts(digest, label, cells.tolist())


def table_fingerprint(frame: pd.DataFrame) -> str:
    """SHA-256 (hexadecimal) of a table whose rows stand in canonical order; its columns are taken by name.

    Numbers count as float64, times as microseconds since 1970 in UTC, everything else as text; missing as missing.
    """
    digest = hashlib.sha256(_TABLE_VERSION)
    for name in sorted(frame.columns):
        cells = frame[name]
        if isinstance(cells.dtype, pd.DatetimeTZDtype):
            _add(digest, f"time.{name}", b"")
            _add_numbers(digest, name, cells.dt.as_unit("us").astype("int64").to_numpy(), "<i8")
        elif pd.api.types.is_numeric_dtype(cells.dtype):
            _add_numbers(digest, f"number.{name}", cells.to_numpy(np.float64), "<f8")
        else:
            _add_texts(digest, f"text.{name}", cells.tolist())
    return digest.hexdigest()
