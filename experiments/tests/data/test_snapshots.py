"""Snapshots: what is written is read back, all of it or nothing; the fingerprint follows content alone."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.fingerprint import fingerprint
from experiments.learning.data.snapshot import read_refused, read_snapshot, write_snapshot
from experiments.tests.data.builders import as_rows, random_table, table

NOTHING = pd.DataFrame(columns=["kind", "file", "line", "reason", "raw"])


def equal(one, other):
    for name in ("user", "item", "value", "timestamp", "part", "user_ids", "item_ids"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None), name
        if a is not None:
            assert a.dtype.kind == b.dtype.kind, name
            assert np.array_equal(a, b), name
    assert (one.feedback, one.scale) == (other.feedback, other.scale)
    for name in ("users", "items"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None), name
        if a is not None:
            pd.testing.assert_frame_equal(a[sorted(a.columns)], b, check_dtype=False)


def shuffled(data, seed):
    """The same content with rows, codes and feature columns in another order."""
    random = np.random.default_rng(seed)
    rows, users, items = (
        random.permutation(len(data)),
        random.permutation(data.num_users),
        random.permutation(data.num_items),
    )
    return dataclasses.replace(
        data,
        user=np.argsort(users)[data.user][rows].astype(np.int32),
        item=np.argsort(items)[data.item][rows].astype(np.int32),
        value=data.value[rows],
        timestamp=None if data.timestamp is None else data.timestamp[rows],
        part=None if data.part is None else data.part[rows],
        user_ids=data.user_ids[users],
        item_ids=data.item_ids[items],
        users=None if data.users is None else data.users.iloc[users].reset_index(drop=True),
        items=None if data.items is None else data.items.iloc[items, ::-1].reset_index(drop=True),
    )


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "change", [{}, {"users": None}, {"items": None, "timestamp": None}, {"feedback": "implicit", "scale": None}]
)
def test_round_trip(tmp_path, seed, change):
    data = random_table(seed, **change)
    snapshot = write_snapshot(data, NOTHING, tmp_path / "s")
    back = read_snapshot(tmp_path / "s")
    equal(data, back)
    assert snapshot.sha256 == fingerprint(back) == fingerprint(data)
    assert snapshot.size_bytes == sum(path.stat().st_size for path in (tmp_path / "s").iterdir())


def test_refused_rows_are_kept(tmp_path):
    refused = pd.DataFrame([("refused", "a.csv", 3, "user is missing", ',x,"1\n2"')], columns=list(NOTHING.columns))
    write_snapshot(random_table(0), refused, tmp_path / "s")
    assert read_refused(tmp_path / "s").to_dict("records") == refused.to_dict("records")
    write_snapshot(random_table(0), NOTHING, tmp_path / "t")
    assert read_refused(tmp_path / "t").empty


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), order=st.integers(0, 2**31))
def test_order_changes_no_fingerprint(seed, order):
    data = random_table(seed)
    assert fingerprint(shuffled(data, order)) == fingerprint(data)


def test_how_a_file_is_written_changes_no_fingerprint(tmp_path):
    data = random_table(1)
    snapshot = write_snapshot(data, NOTHING, tmp_path / "s")
    path = tmp_path / "s" / "interactions.parquet"
    rewritten = pq.read_table(path)
    pq.write_table(rewritten, path, compression="snappy", row_group_size=7, use_dictionary=False, version="1.0")
    assert fingerprint(read_snapshot(tmp_path / "s")) == snapshot.sha256


CHANGES = {
    "a value": lambda d: {"value": np.where(np.arange(len(d)) == 3, d.value % 5 + 1, d.value).astype(np.float32)},
    "a time": lambda d: {"timestamp": d.timestamp + (np.arange(len(d)) == 3)},
    "no times": lambda d: {"timestamp": None},
    "a part": lambda d: {"part": np.zeros(len(d), np.int8)},
    "an identifier": lambda d: {"user_ids": np.array(["new", *d.user_ids[1:]])},
    "swapped users": lambda d: {"user": np.where(d.user == 0, 1, np.where(d.user == 1, 0, d.user)).astype(np.int32)},
    "scale": lambda d: {"scale": (0.0, 5.0)},
    "feedback": lambda d: {"feedback": "implicit"},
    "a title": lambda d: {"items": d.items.assign(title=["new", *d.items["title"][1:]])},
    "a genre": lambda d: {"items": d.items.assign(genres=pd.Series([["New"], *d.items["genres"][1:]], dtype="object"))},
    "a missing number": lambda d: {"items": d.items.assign(year=[np.nan, *d.items["year"][1:]])},
    "a feature's name": lambda d: {"items": d.items.rename(columns={"year": "date"})},
    "no features": lambda d: {"users": None},
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_content_changes_the_fingerprint(change):
    data = random_table(5)
    assert fingerprint(dataclasses.replace(data, **CHANGES[change](data))) != fingerprint(data)


def test_snapshots_are_never_overwritten(tmp_path):
    write_snapshot(random_table(0), NOTHING, tmp_path / "s")
    with pytest.raises(DatasetError, match="never overwritten"):
        write_snapshot(random_table(1), NOTHING, tmp_path / "s")
    assert as_rows(read_snapshot(tmp_path / "s")) == as_rows(random_table(0))


@pytest.mark.parametrize("failing", ["fsync", "replace of the folder"])
def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch, failing):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full) if failing == "fsync" else monkeypatch.setattr("pathlib.Path.rename", full)
    with pytest.raises(OSError, match="No space left"):
        write_snapshot(random_table(0), NOTHING, tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["absent", "cut", "bytes", "other"])
def test_damaged_snapshots_are_refused(tmp_path, damage):
    write_snapshot(random_table(0), NOTHING, tmp_path / "s")
    path = tmp_path / "s" / "interactions.parquet"
    whole = path.read_bytes()
    if damage == "absent":
        path.unlink()
    elif damage == "other":
        pq.write_table(pq.read_table(tmp_path / "s" / "items.parquet"), path)
    else:
        path.write_bytes(whole[: len(whole) // 2] if damage == "cut" else whole[:-20] + b"\xff" * 20)
    with pytest.raises(DatasetError, match="snapshot"):
        read_snapshot(tmp_path / "s")


def test_identifiers_must_occur_and_be_sorted(tmp_path):
    data = table([("a", "x", 1), ("b", "y", 2)])
    with pytest.raises(DatasetError, match="without an interaction"):
        write_snapshot(dataclasses.replace(data, user_ids=np.array(["a", "b", "c"])), NOTHING, tmp_path / "s")
    with pytest.raises(DatasetError, match="not sorted"):
        write_snapshot(dataclasses.replace(data, user_ids=np.array(["b", "a"])), NOTHING, tmp_path / "s")
