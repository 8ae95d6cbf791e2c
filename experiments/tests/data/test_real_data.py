"""Real data sets: the counts that their README files state, and a published check value."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.learning.data.imports import load
from experiments.learning.data.readers import registry
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.snapshot import read_snapshot, write_snapshot
from experiments.tests.realdata import folder

pytestmark = pytest.mark.realdata


def test_movielens_100k_counts():
    path = folder("ml-100k")
    assert registry.sniff(path) == "movielens-100k"
    assert registry.detect(path).splits == ("u1", "u2", "u3", "u4", "u5", "ua", "ub")
    result = load({"interactions": path})
    data = result.interactions
    assert (len(data), data.num_users, data.num_items) == (100_000, 943, 1_682)
    assert np.bincount(data.value.astype(int)).tolist() == [0, 6_110, 11_370, 27_145, 34_174, 21_201]
    assert (data.timestamp.min(), data.timestamp.max()) == (874_724_710, 893_286_638)
    assert result.report.rows_refused == result.report.rows_merged == 0
    assert result.report.notes == []
    titles = data.titles()
    assert len(titles) - len(set(titles)) == 18
    assert "Misérables, Les (1995)" in titles
    assert data.users["occupation"].nunique() == 21


def test_movielens_100k_user_average_on_u1():
    """MyMediaLite's documentation prints RMSE 1.06300 and MAE 0.85019 for the user-average predictor on u1."""
    data = load({"interactions": folder("ml-100k")}, options=ReadOptions(split="u1")).interactions
    train, test = data.part == 0, data.part == 1
    assert (train.sum(), test.sum()) == (80_000, 20_000)
    count = np.bincount(data.user[train], minlength=data.num_users)
    mean = np.bincount(data.user[train], data.value[train], data.num_users) / count
    error = mean[data.user[test]] - data.value[test]
    assert round(float(np.sqrt((error**2).mean())), 5) == 1.06300
    assert round(float(np.abs(error).mean()), 5) == 0.85019


@pytest.mark.parametrize(("split", "tested"), [("ua", 9_430), ("ub", 9_430), ("u5", 20_000)])
def test_movielens_100k_given_splits(split, tested):
    data = load({"interactions": folder("ml-100k")}, options=ReadOptions(split=split)).interactions
    assert (data.part == 1).sum() == tested
    if split.startswith("ua"):
        assert set(np.bincount(data.user[data.part == 1])) == {10}


def test_steam_purchases_and_hours():
    path = folder("steam-200k")
    purchases = load({"interactions": path / "game_purchase.dat", "items": path / "item_info.dat"})
    assert (purchases.report.rows_read, purchases.report.rows_merged, purchases.report.exact_duplicates) == (
        129_511,
        707,
        707,
    )
    assert (len(purchases.interactions), purchases.interactions.num_users, purchases.interactions.num_items) == (
        128_804,
        12_393,
        5_155,
    )
    assert purchases.interactions.value.sum() == 129_511
    hours = load({"interactions": path / "game_play.dat", "items": path / "item_info.dat"})
    assert (len(hours.interactions), hours.interactions.num_users, hours.interactions.num_items) == (
        70_477,
        11_350,
        3_600,
    )
    assert hours.report.exact_duplicates == 0
    assert hours.report.rows_merged == 12
    assert hours.interactions.feedback == "implicit"
    assert "The Elder Scrolls V Skyrim" in hours.interactions.titles()


def test_goodbooks_sample_with_its_catalogue():
    path = folder("goodbooks-10k-sample")
    result = load({"interactions": path / "samples" / "ratings.csv", "items": path / "books.csv"})
    data = result.interactions
    assert (len(data), data.num_users, data.num_items, data.scale) == (99, 5, 96, (1.0, 5.0))
    assert "The Hunger Games (The Hunger Games, #1)" not in data.item_ids
    assert data.items["title"].notna().all()
    assert result.report.notes == ["9,904 items in books.csv have no interaction and are left out."]
    assert len(load({"interactions": path / "samples" / "to_read.csv"}).interactions) == 99


def test_a_gzipped_real_file_reads():
    rows = 0
    reader = registry.get("csv")
    opened = reader.open({"interactions": folder("goodbooks-10k-sample") / "tags.csv.gz"}, ReadOptions())
    for chunk in opened.chunks:
        rows += len(chunk)
        assert not chunk.refused
    assert rows == 34_252


def test_a_real_snapshot_round_trip(tmp_path):
    result = load({"interactions": folder("ml-100k")}, options=ReadOptions(split="u1"))
    write_snapshot(result.interactions, result.refused, tmp_path / "s")
    back = read_snapshot(tmp_path / "s")
    for name in ("user", "item", "value", "timestamp", "part", "user_ids", "item_ids"):
        assert np.array_equal(getattr(back, name), getattr(result.interactions, name))
    assert back.items.equals(result.interactions.items)
    assert back.users.equals(result.interactions.users)
