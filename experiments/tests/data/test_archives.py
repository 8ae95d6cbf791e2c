"""Zip files: bombs, paths that lead out, passwords and damage are refused before any harm."""

from __future__ import annotations

import zipfile

import pytest

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.imports import load
from experiments.learning.data.readers import archive
from experiments.learning.data.readers.archive import Bundle
from experiments.tests.data.builders import write

RATINGS = "userId,movieId,rating,timestamp\n1,10,4.0,1000000000\n2,20,3.5,1000000001\n"


def make_zip(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    return path


def read_all(path, read):
    with Bundle(path).open("ratings.csv") as stream:
        while block := stream.read(2**20):
            read.append(len(block))


@pytest.mark.parametrize(
    "name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "C:\\evil.csv", "a\\..\\evil.csv"]
)
def test_paths_that_lead_out_are_refused(tmp_path, name):
    path = make_zip(tmp_path / "a.zip", {"ratings.csv": RATINGS, name: "x"})
    with pytest.raises(DatasetError, match="path that leads out"):
        Bundle(path)


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_MEMBERS", 10)
    path = make_zip(tmp_path / "a.zip", {f"{number}.csv": "x" for number in range(11)})
    with pytest.raises(DatasetError, match="too many files"):
        Bundle(path)


def test_a_bomb_is_stopped_while_it_is_read(tmp_path):
    # 64 MiB of one letter pack about a thousand-fold.
    path = make_zip(tmp_path / "a.zip", {"ratings.csv": b"a" * 2**26})
    read: list[int] = []
    with pytest.raises(DatasetError, match="unpacks to far more"):
        read_all(path, read)
    assert 0 < sum(read) <= archive.RATIO_COUNTS_FROM + 2**20


def test_a_bomb_whose_declared_size_is_a_lie_is_stopped(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"ratings.csv": b"a" * 2**26})
    content = bytearray(path.read_bytes())
    directory = content.rindex(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (100).to_bytes(4, "little")  # uncompressed size
    path.write_bytes(content)
    read: list[int] = []
    with pytest.raises(DatasetError, match="damaged"):
        read_all(path, read)
    assert sum(read) <= 100


def test_declared_sizes_beyond_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 1000)
    path = make_zip(tmp_path / "a.zip", {"ratings.csv": "x" * 1001})
    with pytest.raises(DatasetError, match="unpacks to too much"):
        Bundle(path)


def test_a_password_is_named(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"ratings.csv": RATINGS})
    content = bytearray(path.read_bytes())
    content[6] |= 1  # the flag in the local header
    content[content.rindex(b"PK\x01\x02") + 8] |= 1  # and in the directory
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="needs a password"), Bundle(path).open("ratings.csv"):
        pass


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.95])
def test_half_a_zip_is_refused(tmp_path, keep):
    whole = make_zip(tmp_path / "a.zip", {"ratings.csv": RATINGS, "movies.csv": "movieId,title,genres\n"}).read_bytes()
    path = write(tmp_path, "half.zip", whole[: int(len(whole) * keep)])
    with pytest.raises(DatasetError, match="damaged"):
        Bundle(path)


def test_a_flipped_byte_inside_is_noticed(tmp_path):
    path = make_zip(tmp_path / "a.zip", {"ratings.csv": RATINGS * 50}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[200] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DatasetError, match="damaged"), Bundle(path).open("ratings.csv") as stream:
        stream.read()


def test_hidden_files_of_other_systems_are_ignored(tmp_path):
    members = {
        "__MACOSX/ml/._ratings.csv": "x",
        "ml/.DS_Store": "x",
        "ml/ratings.csv": RATINGS,
        "ml/movies.csv": "movieId,title,genres\n10,A (1990),Drama\n",
    }
    path = make_zip(tmp_path / "ml.zip", members)
    assert Bundle(path).names == {"ratings.csv", "movies.csv"}
    assert len(load({"interactions": path}).interactions) == 2
