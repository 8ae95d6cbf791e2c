"""Features of users and items: typed by content, aligned with the codes, and nothing is lost in silence."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.imports import load
from experiments.learning.data.readers.feature_files import read_features
from experiments.learning.data.readers.options import FeatureMapping, ReadOptions
from experiments.tests.data.builders import write

RATINGS = "user,item,rating\na,x,1\nb,y,2\nb,z,3\n"
ITEMS = [
    {"item_id": "y", "title": 'The "Y"', "genres": ["Drama", "War"], "year": 1999, "kind": "film"},
    {"item_id": "x", "title": "X, again", "genres": ["War"], "year": None, "kind": "series"},
    {"item_id": "unseen", "title": "U", "genres": [], "year": 2001, "kind": "film"},
]


def items_csv(folder):
    rows = ['y,"The ""Y""",Drama|War,1999,film', 'x,"X, again",War,,series', "unseen,U,,2001,film"]
    return write(folder, "items.csv", "\n".join(["item_id,title,genres,year,kind", *rows]))


def items_jsonl(folder):
    return write(folder, "items.jsonl", "\n".join(map(json.dumps, ITEMS)))


def items_parquet(folder):
    pq.write_table(pa.Table.from_pylist(ITEMS), folder / "items.parquet")
    return folder / "items.parquet"


@pytest.mark.parametrize("make", [items_csv, items_jsonl, items_parquet])
def test_each_format_gives_the_same_aligned_frame(tmp_path, make):
    result = load({"interactions": write(tmp_path, "r.csv", RATINGS), "items": make(tmp_path)})
    items = result.interactions.items
    assert list(items.columns) == ["genres", "kind", "title", "year"]
    assert result.interactions.item_ids.tolist() == ["x", "y", "z"]
    assert items["genres"].tolist() == [["War"], ["Drama", "War"], []]
    assert items["title"].fillna("-").tolist() == ["X, again", 'The "Y"', "-"]
    assert items["year"].tolist()[1] == 1999.0
    assert items["year"].isna().tolist() == [True, False, True]
    assert result.interactions.titles().tolist() == ["X, again", 'The "Y"', "z"]
    assert sorted(result.report.notes) == [
        f"1 items in {make(tmp_path).name} have no interaction and are left out.",
        f"1 of 3 items have no row in {make(tmp_path).name}; their features are empty.",
    ]


def test_repeated_and_missing_identifiers_are_listed(tmp_path):
    path = write(tmp_path, "users.csv", "user_id,age\na,1\n,2\na,3\n")
    table = read_features(path, None, "users")
    assert table.frame["age"].to_dict() == {"a": 3.0}
    assert [(row.line, row.reason) for row in table.refused] == [
        (2, "identifier comes again later; the later row counts"),
        (3, "identifier is missing"),
    ]


def test_a_mapping_is_followed(tmp_path):
    path = write(tmp_path, "users.csv", "who;n;words\na;1;x/y\nb;2;\n")
    mapping = FeatureMapping(id="who", columns=("words",), lists=("words",), list_separator="/")
    ratings = write(tmp_path, "r.csv", RATINGS)
    users = load({"interactions": ratings, "users": path}, options=ReadOptions(users=mapping)).interactions.users
    assert users.to_dict("list") == {"words": [["x", "y"], []]}


def test_a_column_that_is_not_there_is_named(tmp_path):
    path = write(tmp_path, "users.csv", "user,age\na,1\n")
    with pytest.raises(DatasetError, match=r"users column.*height.*'user', 'age'"):
        read_features(path, FeatureMapping(id="user", columns=("height",)), "users")


def test_addresses_and_further_identifiers_are_not_suggested(tmp_path):
    path = write(
        tmp_path,
        "items.csv",
        "book_id,isbn,work_id,image_url,cover,pages\nx,9,1,http://a,http://b,100\ny,8,2,http://c,http://d,200\n",
    )
    frame = read_features(path, None, "items").frame
    assert list(frame.columns) == ["pages"]
    assert np.array_equal(frame["pages"], [100.0, 200.0])
