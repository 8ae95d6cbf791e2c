"""MovieLens 1M (and 10M) as GroupLens ships them: ratings.dat, movies.dat and users.dat with ``::`` between columns."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from experiments.learning.data.readers.archive import Bundle
from experiments.learning.data.readers.base import Detected, FeatureTable, Files, Opened, Reader
from experiments.learning.data.readers.movielens_shared import (
    FIVE_STARS,
    HALF_STARS,
    bundle_names,
    detected,
    feature_frame,
    rating_chunks,
    rating_mapping,
    title_year,
)
from experiments.learning.data.readers.options import ColumnMapping, ReadOptions
from experiments.learning.data.readers.text import Dialect
from experiments.learning.data.typed_features import split_lists

KEY = "movielens-1m"
_COLUMNS = ("UserID", "MovieID", "Rating", "Timestamp")
_RATINGS = Dialect("utf-8", "::", has_header=False)
_LATIN = Dialect("latin-1", "::", has_header=False)
_UTF8 = Dialect("utf-8", "::", has_header=False)
_OCCUPATIONS = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service",
    "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer", "programmer",
    "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer", "tradesman/craftsman",
    "unemployed", "writer",
)  # fmt: skip


def _mapping(bundle: Bundle) -> ColumnMapping:
    # 10M has half stars and tags but no users.
    return rating_mapping(_COLUMNS, FIVE_STARS if "users.dat" in bundle.names else HALF_STARS)


def detect(path: Path, options: ReadOptions) -> Detected:
    bundle = Bundle(path)
    return detected(KEY, bundle, "ratings.dat", _RATINGS, _COLUMNS, _mapping(bundle))


def open_files(files: Files, options: ReadOptions) -> Opened:
    bundle = Bundle(files["interactions"])
    mapping = _mapping(bundle)
    chunks = rating_chunks(bundle, "ratings.dat", _RATINGS, mapping, _COLUMNS)
    return Opened(mapping, chunks, lambda: _users(bundle), lambda: _items(bundle))


def _users(bundle: Bundle) -> FeatureTable | None:
    """Age (lower end of its group), gender and occupation in words."""
    if "users.dat" not in bundle.names:
        return None
    columns = ("id", "gender", "age", "occupation", "zip")
    frame, refused = feature_frame(bundle, "users.dat", _LATIN, columns, columns[:4])
    frame["age"] = pd.to_numeric(frame["age"], errors="coerce").astype("float64")
    words = {str(code): name for code, name in enumerate(_OCCUPATIONS)}
    frame["occupation"] = frame["occupation"].map(words).astype("str")
    return FeatureTable("users.dat", frame, refused)


def _items(bundle: Bundle) -> FeatureTable | None:
    """Title, year and genres."""
    if "movies.dat" not in bundle.names:
        return None
    columns = ("id", "title", "genres")
    dialect = _LATIN if "users.dat" in bundle.names else _UTF8
    frame, refused = feature_frame(bundle, "movies.dat", dialect, columns, columns)
    frame["year"] = title_year(frame["title"])
    frame["genres"] = split_lists(frame["genres"].replace("(no genres listed)", ""), "|")
    return FeatureTable("movies.dat", frame, refused)


def recognises(path: Path) -> bool:
    return "ratings.dat" in bundle_names(path)


READER = Reader(
    key=KEY,
    label="MovieLens 1M",
    summary="Folder or zip with ratings.dat, movies.dat and users.dat (also MovieLens 10M).",
    needs_mapping=False,
    recognises=recognises,
    detect=detect,
    open=open_files,
)
