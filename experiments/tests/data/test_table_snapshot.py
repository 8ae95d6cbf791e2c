"""Stored tables: what is written is read back whole; the digest follows the content, whatever the order of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.quarantine import Quarantine
from experiments.learning.data.table_snapshot import first_rows, read_table, write_table

NOTHING = Quarantine().frame()


def made(rows: int = 60) -> pd.DataFrame:
    random = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "shop": random.choice(["north", "südost", ""], rows),
            "day": pd.date_range("2024-01-01", periods=rows).to_numpy(),
            "sales": random.normal(size=rows),
            "open": random.random(rows) > 0.5,
            "pieces": random.integers(0, 4, rows),
        }
    )
    frame.loc[3, "sales"] = np.nan
    frame.loc[4, "shop"] = None
    return frame


def test_a_table_is_read_back_as_it_is_stored(tmp_path):
    written = write_table(made(), NOTHING, tmp_path / "one")
    back = read_table(tmp_path / "one")
    assert written.files == ("table.parquet",)
    assert [str(kind) for kind in back.dtypes] == ["str", "datetime64[us, UTC]", "float64", "float64", "float64"]
    assert back["day"].is_monotonic_increasing
    assert back["sales"].isna().sum() == 1
    assert back["shop"].isna().sum() == 1
    assert set(back["shop"].dropna()) == {"north", "südost", ""}
    pd.testing.assert_frame_equal(first_rows(tmp_path / "one", 7), back.head(7))


def test_order_of_rows_and_columns_changes_neither_digest_nor_stored_rows(tmp_path):
    table = made()
    one = write_table(table, NOTHING, tmp_path / "one")
    other = table.sample(frac=1, random_state=1)[table.columns[::-1]]
    two = write_table(other, NOTHING, tmp_path / "two")
    assert one.sha256 == two.sha256
    pd.testing.assert_frame_equal(read_table(tmp_path / "one"), read_table(tmp_path / "two")[table.columns])


@pytest.mark.parametrize(
    "change",
    [
        lambda frame: frame.assign(sales=frame["sales"] + 1e-9),
        lambda frame: frame.rename(columns={"sales": "sold"}),
        lambda frame: frame.iloc[1:],
        lambda frame: pd.concat([frame, frame.head(1)]),
        lambda frame: frame.assign(pieces=frame["pieces"].astype(str)),
        lambda frame: frame.assign(day=frame["day"] + pd.Timedelta(microseconds=1)),
    ],
)
def test_any_other_content_has_another_digest(tmp_path, change):
    one = write_table(made(), NOTHING, tmp_path / "one")
    assert write_table(change(made()), NOTHING, tmp_path / "two").sha256 != one.sha256


def test_missing_text_is_not_the_empty_text(tmp_path):
    missing = write_table(pd.DataFrame({"a": ["x", None], "b": [1, 2]}), NOTHING, tmp_path / "one")
    empty = write_table(pd.DataFrame({"a": ["x", ""], "b": [1, 2]}), NOTHING, tmp_path / "two")
    assert missing.sha256 != empty.sha256


def test_nothing_is_overwritten_and_nothing_half_stays(tmp_path):
    write_table(made(), NOTHING, tmp_path / "one")
    with pytest.raises(DatasetError, match="never overwritten"):
        write_table(made(), NOTHING, tmp_path / "one")
    with pytest.raises(DatasetError, match="name twice"):
        write_table(pd.DataFrame([[1, 2]], columns=["a", "a"]), NOTHING, tmp_path / "two")
    with pytest.raises(DatasetError, match="no rows"):
        write_table(made().head(0), NOTHING, tmp_path / "three")
    assert [child.name for child in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("content", [b"", b"PAR1 nothing", b"\x00" * 100])
def test_a_damaged_snapshot_says_so(tmp_path, content):
    write_table(made(), NOTHING, tmp_path / "one")
    (tmp_path / "one" / "table.parquet").write_bytes(content)
    for reading in (read_table, lambda folder: first_rows(folder, 3)):
        with pytest.raises(DatasetError, match="undamaged"):
            reading(tmp_path / "one")
