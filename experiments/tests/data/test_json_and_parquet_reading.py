"""JSON lines and Parquet say the same as CSV when they hold the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.imports import load
from experiments.learning.data.readers import registry
from experiments.learning.data.readers.options import ColumnMapping, ReadOptions
from experiments.tests.data.builders import as_rows, write

ROWS = [("7", "x", 4.0, 1_600_000_000), ("7", "y", 2.5, 1_600_000_100), ("12", "x", 1.0, 1_600_000_200)]
EXPECTED = {(*row, None) for row in ROWS}


def test_json_lines(tmp_path):
    lines = [json.dumps({"user_id": int(u), "item_id": i, "rating": v, "timestamp": t}) for u, i, v, t in ROWS]
    path = write(tmp_path, "a.jsonl", "\n".join(lines))
    assert registry.sniff(path) == "jsonl"
    assert as_rows(load({"interactions": path}).interactions) == EXPECTED


def test_json_lines_that_are_no_objects_are_listed(tmp_path):
    good = ['{"user": "a", "item": "x", "rating": 1}', '{"user": "b", "item": "y", "rating": 2}']
    bad = ["[1, 2]", "{broken", '{"user": ["a"], "item": "x", "rating": 1}', '{"item": "x", "rating": 1}', "[" * 5000]
    result = load({"interactions": write(tmp_path, "a.jsonl", "\n".join(good + bad))})
    assert len(result.interactions) == 2
    assert result.refused["line"].tolist() == [3, 4, 5, 6, 7]
    reasons = dict(zip(result.refused["line"], result.refused["reason"], strict=True))
    assert reasons[3] == "a JSON list instead of an object"
    assert reasons[4].startswith("not valid JSON")
    assert reasons[7] == "nested too deeply"
    assert reasons[5] == reasons[6] == "user is missing"


@pytest.mark.parametrize(
    "columns",
    [
        {
            "user": pa.array([7, 7, 12]),
            "value": pa.array([4, 2.5, 1], pa.float32()),
            "time": pa.array([r[3] for r in ROWS]),
        },
        {
            "user": pa.array([7.0, 7.0, 12.0]),
            "value": pa.array(["4", "2.5", "1"]),
            "time": pa.array([r[3] * 1000 for r in ROWS]),
        },
        {
            "user": pa.array(["7", "7", "12"]).dictionary_encode(),
            "value": pa.array([Decimal("4.0"), Decimal("2.5"), Decimal("1.0")]),
            "time": pa.array([datetime.fromtimestamp(r[3], tz=UTC) for r in ROWS]),
        },
    ],
    ids=["integers", "floats and text", "dictionary, decimal and time"],
)
def test_parquet_of_any_types(tmp_path, columns):
    table = pa.table(
        {
            "user_id": columns["user"],
            "item_id": ["x", "y", "x"],
            "rating": columns["value"],
            "timestamp": columns["time"],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    assert registry.sniff(tmp_path / "a.parquet") == "parquet"
    assert as_rows(load({"interactions": tmp_path / "a.parquet"}).interactions) == EXPECTED


def test_parquet_nulls_are_refused_by_row(tmp_path):
    table = pa.table(
        {
            "user": ["a", None, "b", "c"],
            "item": ["x", "y", "y", None],
            "rating": [1.0, 2.0, None, 3.0],
            "extra": [1, 2, 3, 4],
        }
    )
    pq.write_table(
        pa.concat_tables(
            [table, pa.table({"user": ["a", "b"], "item": ["y", "x"], "rating": [1.0, 2.0], "extra": [1, 2]})]
        ),
        tmp_path / "a.parquet",
    )
    result = load(
        {"interactions": tmp_path / "a.parquet"},
        options=ReadOptions(mapping=ColumnMapping(user="user", item="item", value="rating")),
    )
    assert list(zip(result.refused["line"], result.refused["reason"], strict=True)) == [
        (2, "user is missing"),
        (3, "value is not a number"),
        (4, "item is missing"),
    ]
    assert result.refused["raw"].iloc[0] == "None | y | 2.0"


def test_damaged_parquet_is_refused(tmp_path):
    pq.write_table(pa.table({"user": ["a", "b"], "item": ["x", "y"]}), tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    for name, content in (
        ("half", whole[: len(whole) // 2]),
        ("magic only", b"PAR1"),
        ("middle lost", whole[:8] + b"\0" * 60 + whole[68:]),
    ):
        path = write(tmp_path, f"{name}.parquet", content)
        with pytest.raises(DatasetError):
            load({"interactions": path}, "parquet")
