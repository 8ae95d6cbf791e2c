"""Interactions on disk: Parquet in a folder that appears as a whole or not at all, and is never changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.fingerprint import fingerprint
from experiments.learning.data.frames import tidy
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.staging import new_folder, write_parquet

INTERACTIONS, USERS, ITEMS, REFUSED = "interactions.parquet", "users.parquet", "items.parquet", "refused.parquet"
_METADATA_KEY = b"mlopspro"
_FORMAT_VERSION = 1


@dataclass(frozen=True)
class Snapshot:
    """A written snapshot: where, what it is (SHA-256 of the content), and its size on disk."""

    folder: Path
    sha256: str
    size_bytes: int
    files: tuple[str, ...]


def write_snapshot(interactions: Interactions, refused: pd.DataFrame, folder: Path) -> Snapshot:
    """Writes ``folder`` with interactions.parquet and, where there are any, users, items and refused.parquet.

    Everything is written beside it, flushed to disk and renamed, so that a crash leaves no half of a snapshot.

    Raises:
        DatasetError: the folder exists (snapshots are never overwritten), or identifiers are not as promised.
    """
    _require_canonical(interactions)
    with new_folder(folder) as staging:
        write_parquet(staging / INTERACTIONS, _interactions_table(interactions))
        for name, frame, ids in (
            (USERS, interactions.users, interactions.user_ids),
            (ITEMS, interactions.items, interactions.item_ids),
        ):
            if frame is not None:
                write_parquet(staging / name, _feature_table(frame, ids))
        if len(refused):
            write_parquet(staging / REFUSED, pa.Table.from_pandas(refused, preserve_index=False))
    return described(folder, fingerprint(interactions))


def described(folder: Path, sha256: str) -> Snapshot:
    """What a folder that was just written holds."""
    files = tuple(sorted(child.name for child in folder.iterdir()))
    size = sum((folder / name).stat().st_size for name in files)
    return Snapshot(folder, sha256, size, files)


def read_snapshot(folder: Path) -> Interactions:
    """The interactions of a snapshot, rows in the order in which they were written.

    Raises:
        DatasetError: the folder holds no snapshot, or a damaged one.
    """
    try:
        table = pq.read_table(folder / INTERACTIONS, read_dictionary=["user_id", "item_id"])
        users, items = _read_features(folder / USERS), _read_features(folder / ITEMS)
        meta = json.loads(table.schema.metadata[_METADATA_KEY])
        if meta["version"] != _FORMAT_VERSION:
            raise DatasetError(
                "snapshot", "was written by another version", value=meta["version"], accepted=str(_FORMAT_VERSION)
            )
        user, user_ids = _codes(table.column("user_id"))
        item, item_ids = _codes(table.column("item_id"))
        return Interactions(
            user=user,
            item=item,
            value=_array(table, "value", np.float32),
            timestamp=_array(table, "timestamp", np.int64) if "timestamp" in table.column_names else None,
            part=_array(table, "part", np.int8) if "part" in table.column_names else None,
            user_ids=user_ids,
            item_ids=item_ids,
            feedback=meta["feedback"],
            scale=tuple(meta["scale"]) if meta["scale"] else None,
            users=users,
            items=items,
        )
    except DatasetError:
        raise
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise DatasetError(
            "snapshot", f"cannot be read: {error}", value=folder.name, accepted="an undamaged snapshot folder"
        ) from error


def read_refused(folder: Path) -> pd.DataFrame:
    """The quarantined rows of a snapshot: kind, file, line, reason, raw; empty where every row was good."""
    path = folder / REFUSED
    if not path.exists():
        return pd.DataFrame(columns=["kind", "file", "line", "reason", "raw"])
    frame: pd.DataFrame = pq.read_table(path).to_pandas()
    return frame


def _require_canonical(interactions: Interactions) -> None:
    """Codes are rebuilt from the identifiers that occur, so each must occur, and they must be sorted."""
    for name, codes, ids in (
        ("user_ids", interactions.user, interactions.user_ids),
        ("item_ids", interactions.item, interactions.item_ids),
    ):
        if not len(codes) or not np.bincount(codes, minlength=len(ids)).all():
            raise DatasetError(name, "has an identifier without an interaction", accepted="identifiers that all occur")
        if not bool((ids[1:] > ids[:-1]).all()):
            raise DatasetError(name, "are not sorted and distinct", accepted="identifiers in ascending order")


def _interactions_table(interactions: Interactions) -> Any:
    def identifiers(codes: NDArray[np.int32], ids: NDArray[np.str_]) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(ids.tolist(), pa.string()))

    columns = {
        "user_id": identifiers(interactions.user, interactions.user_ids),
        "item_id": identifiers(interactions.item, interactions.item_ids),
        "value": pa.array(interactions.value, pa.float32()),
    }
    if interactions.timestamp is not None:
        columns["timestamp"] = pa.array(interactions.timestamp, pa.int64())
    if interactions.part is not None:
        columns["part"] = pa.array(interactions.part, pa.int8())
    scale = list(interactions.scale) if interactions.scale else None
    meta = {"version": _FORMAT_VERSION, "feedback": interactions.feedback, "scale": scale}
    return pa.table(columns).replace_schema_metadata({_METADATA_KEY: json.dumps(meta).encode()})


def _feature_table(frame: pd.DataFrame, ids: NDArray[np.str_]) -> Any:
    table = pa.Table.from_pandas(tidy(frame), preserve_index=False)
    return table.add_column(0, "id", pa.array(ids.tolist(), pa.string()))


def _read_features(path: Path) -> pd.DataFrame | None:
    if not path.exists():
        return None
    return tidy(pq.read_table(path).drop_columns(["id"]).to_pandas())


def _codes(column: Any) -> tuple[NDArray[np.int32], NDArray[np.str_]]:
    """Codes in the sorted order of the identifiers; files keep dictionaries in the order of first appearance."""
    chunked = column.unify_dictionaries()
    if not chunked.num_chunks:
        return np.zeros(0, np.int32), np.zeros(0, np.str_)
    ids = np.array(chunked.chunk(0).dictionary.to_pylist(), dtype=np.str_)
    indices = np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in chunked.chunks])
    order = np.argsort(ids, kind="stable")
    rank = np.empty(len(ids), np.int32)
    rank[order] = np.arange(len(ids), dtype=np.int32)
    return rank[indices], ids[order]


def _array(table: Any, name: str, dtype: type[Any]) -> NDArray[Any]:
    # A copy: Arrow's memory is read-only, and whoever shuffles or clips may do so in place.
    return np.array(table.column(name).to_numpy(), dtype=dtype)
