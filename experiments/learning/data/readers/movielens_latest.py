"""MovieLens latest, latest-small, 20M, 25M and 32M: ratings.csv and movies.csv with headers."""

from __future__ import annotations

from pathlib import Path

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.archive import Bundle
from experiments.learning.data.readers.base import Detected, FeatureTable, Files, Opened, Reader
from experiments.learning.data.readers.movielens_shared import (
    HALF_STARS,
    bundle_names,
    detected,
    feature_frame,
    rating_chunks,
    rating_mapping,
    title_year,
)
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.readers.text import Dialect
from experiments.learning.data.typed_features import split_lists

KEY = "movielens-latest"
_COLUMNS = ("userId", "movieId", "rating", "timestamp")
_DIALECT = Dialect("utf-8", ",", has_header=True)
_MAPPING = rating_mapping(_COLUMNS, HALF_STARS)


def detect(path: Path, options: ReadOptions) -> Detected:
    return detected(KEY, Bundle(path), "ratings.csv", _DIALECT, _COLUMNS, _MAPPING)


def open_files(files: Files, options: ReadOptions) -> Opened:
    bundle = Bundle(files["interactions"])
    chunks = rating_chunks(bundle, "ratings.csv", _DIALECT, _MAPPING, _COLUMNS)
    return Opened(_MAPPING, chunks, lambda: None, lambda: _items(bundle))


def _items(bundle: Bundle) -> FeatureTable | None:
    """Title, year and genres."""
    if "movies.csv" not in bundle.names:
        return None
    columns = ("movieId", "title", "genres")
    frame, refused = feature_frame(bundle, "movies.csv", _DIALECT, columns, columns)
    frame["year"] = title_year(frame["title"])
    frame["genres"] = split_lists(frame["genres"].replace("(no genres listed)", ""), "|")
    return FeatureTable("movies.csv", frame, refused)


def recognises(path: Path) -> bool:
    if "ratings.csv" not in bundle_names(path):
        return False
    try:
        with Bundle(path).open("ratings.csv") as stream:
            header = stream.readline(200)
    except (DatasetError, OSError):
        return False
    return header.removeprefix(b"\xef\xbb\xbf").strip().replace(b'"', b"") == ",".join(_COLUMNS).encode()


READER = Reader(
    key=KEY,
    label="MovieLens latest",
    summary="Folder or zip with ratings.csv and movies.csv (latest, latest-small, 20M, 25M, 32M).",
    needs_mapping=False,
    recognises=recognises,
    detect=detect,
    open=open_files,
)
