"""Whatever bytes come in, the answer is data whose rows add up or a DatasetError; never another exception."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.imports import load
from experiments.learning.data.readers import registry, text
from experiments.learning.data.readers.options import ColumnMapping, ReadOptions
from experiments.learning.data.snapshot import read_snapshot, write_snapshot
from experiments.tests.data.builders import as_rows

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

CELL = st.one_of(
    st.sampled_from(
        [
            "",
            "1",
            "3.5",
            "nan",
            "NaN",
            "inf",
            "-1",
            "1e9",
            "u1",
            "i1",
            "null",
            " x ",
            '"',
            '""',
            '"a,b"',
            "a\tb",
            "é",
            "\ufeff",
        ]
    ),
    st.text(max_size=6),
)
ROWS = st.lists(st.lists(CELL, min_size=0, max_size=6), max_size=12)
FIXED = ReadOptions(
    mapping=ColumnMapping(user="user", item="item", value="rating"), encoding="utf-8", separator=",", has_header=True
)
ENCODING = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])


def attempt(content: bytes, name: str, format_key: str | None = None) -> None:
    """Imports the bytes; checks the sums of the report and the promises of Interactions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        error: DatasetError | None = None
        try:
            result = load({"interactions": path}, format_key)
        except DatasetError as refusal:
            error = refusal
        if error is not None:
            assert error.field, error
            assert error.accepted, error
            return
        report, data = result.report, result.interactions
        assert report.rows_read == report.rows_kept + report.rows_refused + report.rows_merged
        assert len(result.refused) == report.rows_refused + report.rows_merged + report.feature_rows_refused
        assert report.rows_kept == len(data) > 0
        assert data.num_users >= 2
        assert data.num_items >= 2
        assert len(as_rows(data)) == len(data)
        assert set(data.user.tolist()) == set(range(data.num_users))
        if data.scale is not None:
            assert data.scale[0] <= data.value.min() <= data.value.max() <= data.scale[1]
        write_snapshot(data, result.refused, Path(folder) / "snapshot")
        assert as_rows(read_snapshot(Path(folder) / "snapshot")) == as_rows(data)


@SETTINGS
@given(
    rows=ROWS,
    encoding=ENCODING,
    separator=st.sampled_from([",", ";", "\t", "::"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_random_tables(rows, encoding, separator, end):
    lines = ["user,item,rating,timestamp".replace(",", separator), *(separator.join(row) for row in rows)]
    attempt(end.join(lines).encode(encoding, "replace"), "a.csv")


@SETTINGS
@given(content=st.binary(max_size=300))
def test_random_bytes(content):
    attempt(content, "a.csv")
    attempt(content, "a.jsonl", "jsonl")
    attempt(content, "a.parquet", "parquet")
    attempt(b"PK\x03\x04" + content, "a.zip")


@SETTINGS
@given(cut=st.integers(0, 400), flip=st.integers(0, 255), at=st.integers(0, 400))
def test_half_a_file_with_a_flipped_byte(cut, flip, at):
    whole = bytearray(
        "".join(
            ["user,item,rating,timestamp\n", *(f'u{j % 7},"i{j % 5}",{j % 5 + 1},{j * 1000}\n' for j in range(25))]
        ).encode()
    )
    if at < len(whole):
        whole[at] ^= flip
    attempt(bytes(whole[:cut]), "a.csv")


JSON_VALUE = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)),
    max_leaves=4,
)


@SETTINGS
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"user": JSON_VALUE, "item": JSON_VALUE}, optional={"rating": JSON_VALUE, "timestamp": JSON_VALUE}
        ),
        max_size=10,
    )
)
def test_random_json_objects(rows):
    attempt("\n".join(json.dumps(row) for row in rows).encode(), "a.jsonl", "jsonl")


@SETTINGS
@given(rows=ROWS, block=st.integers(16, 64))
def test_the_size_of_blocks_changes_nothing(rows, block):
    content = "\n".join(["user,item,rating", "a,x,1", "b,y,2", *(",".join(row) for row in rows)]).encode()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        try:
            whole = load({"interactions": path}, "csv", FIXED)
        except DatasetError:
            assume(False)
        patch.setattr(text, "BLOCK_BYTES", block)
        pieces = load({"interactions": path}, "csv", FIXED)
    assert as_rows(whole.interactions) == as_rows(pieces.interactions)
    assert sorted(whole.refused["line"]) == sorted(pieces.refused["line"])
    assert whole.report.reasons == pieces.report.reasons


def test_sniffing_says_why_nothing_recognises_a_file(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(DatasetError, match="is empty"):
        registry.sniff(tmp_path / "empty")
    with pytest.raises(DatasetError, match="does not exist"):
        registry.sniff(tmp_path / "absent")
    with pytest.raises(DatasetError, match=r"format.*known.*movielens-100k"):
        registry.get("excel")
