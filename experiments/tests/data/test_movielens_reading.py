"""The three MovieLens layouts, as folder and as zip, from small files in their exact form."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.imports import load
from experiments.learning.data.readers import registry
from experiments.learning.data.readers.movielens_100k import GENRES
from experiments.learning.data.readers.options import ReadOptions
from experiments.tests.data.builders import as_rows, write


def flags(*genres: str) -> str:
    return "|".join("1" if genre in genres else "0" for genre in GENRES)


def movielens_100k(folder):
    rows = ["1\t10\t5\t881250949", "1\t20\t3\t881250950", "2\t10\t4\t881250951", "2\t30\t1\t881250952"]
    write(folder, "u.data", "\n".join(rows) + "\n")
    write(folder, "u1.base", "\n".join(rows[:3]) + "\n")
    write(folder, "u1.test", rows[3] + "\n")
    items = [
        f"10|Toy Story (1995)|01-Jan-1995||http://x|{flags('Animation', 'Comedy')}",
        f"20|Misérables, Les (1995)|01-Jan-1995||http://x|{flags('Drama')}",
        f"30|unknown||||{flags('unknown')}",
    ]
    write(folder, "u.item", "\n".join(items).encode("latin-1") + b"\n")
    write(folder, "u.user", "1|24|M|technician|85711\n2|53|F|other|94043\n")


def movielens_1m(folder):
    write(folder, "ratings.dat", "1::10::5::978300760\n2::10::3::978302109\n2::20::4::978301968\n")
    write(
        folder,
        "movies.dat",
        "10::Caf\xe9 :: The Movie (2000)::Drama\n".encode("latin-1") + b"20::Heat (1995)::Action|Crime\n",
    )
    write(folder, "users.dat", "1::F::1::10::48067\n2::M::56::16::70072\n")


def movielens_latest(folder):
    write(folder, "ratings.csv", "userId,movieId,rating,timestamp\n1,10,4.0,964982703\n2,20,0.5,964981247\n")
    write(
        folder,
        "movies.csv",
        'movieId,title,genres\n10,"American President, The (1995)",Comedy|Drama\n20,Odd,(no genres listed)\n',
    )
    write(folder, "tags.csv", "userId,movieId,tag,timestamp\n")


LAYOUTS = {"movielens-100k": movielens_100k, "movielens-1m": movielens_1m, "movielens-latest": movielens_latest}


@pytest.mark.parametrize("key", LAYOUTS)
def test_folder_and_zip_are_recognised_and_read_the_same(tmp_path, key):
    folder = tmp_path / "ml"
    folder.mkdir()
    LAYOUTS[key](folder)
    archive = tmp_path / "ml.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in folder.iterdir():
            zipped.write(path, f"ml/{path.name}")
    assert registry.sniff(folder) == registry.sniff(archive) == key
    assert registry.detect(folder).sample_rows == registry.detect(archive).sample_rows
    from_folder, from_zip = load({"interactions": folder}), load({"interactions": archive})
    assert as_rows(from_folder.interactions) == as_rows(from_zip.interactions)
    assert from_folder.interactions.items.equals(from_zip.interactions.items)


def test_100k_features(tmp_path):
    movielens_100k(tmp_path)
    data = load({"interactions": tmp_path}).interactions
    assert data.titles().tolist() == ["Toy Story (1995)", "Misérables, Les (1995)", "unknown"]
    assert data.items["genres"].tolist() == [["Animation", "Comedy"], ["Drama"], ["unknown"]]
    assert data.items["year"].tolist()[:2] == [1995.0, 1995.0]
    assert np.isnan(data.items["year"].iloc[2])
    assert data.users.to_dict("list") == {
        "age": [24.0, 53.0],
        "gender": ["M", "F"],
        "occupation": ["technician", "other"],
    }


def test_100k_given_split(tmp_path):
    movielens_100k(tmp_path)
    assert registry.detect(tmp_path).splits == ("u1",)
    data = load({"interactions": tmp_path}, options=ReadOptions(split="u1")).interactions
    assert {(row[0], row[1], row[4]) for row in as_rows(data)} == {
        ("1", "10", 0),
        ("1", "20", 0),
        ("2", "10", 0),
        ("2", "30", 1),
    }
    with pytest.raises(DatasetError, match=r"split.*ua.*none, u1"):
        load({"interactions": tmp_path}, options=ReadOptions(split="ua"))


def test_1m_features_and_a_title_with_the_separator_in_it(tmp_path):
    movielens_1m(tmp_path)
    result = load({"interactions": tmp_path})
    data = result.interactions
    assert data.users.to_dict("list") == {
        "age": [1.0, 56.0],
        "gender": ["F", "M"],
        "occupation": ["K-12 student", "self-employed"],
    }
    assert data.items["genres"].tolist() == [[], ["Action", "Crime"]]
    refused = result.refused.to_dict("records")
    assert [(row["kind"], row["line"], row["reason"]) for row in refused] == [("feature", 1, "4 columns instead of 3")]
    assert refused[0]["raw"] == "10::Café :: The Movie (2000)::Drama"


def test_latest_features(tmp_path):
    movielens_latest(tmp_path)
    data = load({"interactions": tmp_path}).interactions
    assert data.scale == (0.5, 5.0)
    assert data.items["genres"].tolist() == [["Comedy", "Drama"], []]
    assert data.items["year"].iloc[0] == 1995.0
    assert data.titles().tolist() == ["American President, The (1995)", "Odd"]


def test_extra_files_are_refused_for_fixed_formats(tmp_path):
    movielens_latest(tmp_path)
    with pytest.raises(DatasetError, match="brings its own"):
        load({"interactions": tmp_path, "items": tmp_path / "movies.csv"})
