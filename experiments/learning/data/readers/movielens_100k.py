"""MovieLens 100k as GroupLens ships it: u.data, u.item, u.user and the given splits u1-u5, ua and ub."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.archive import Bundle
from experiments.learning.data.readers.base import Chunk, Detected, FeatureTable, Files, Opened, Reader
from experiments.learning.data.readers.movielens_shared import (
    FIVE_STARS,
    bundle_names,
    detected,
    feature_frame,
    rating_chunks,
    rating_mapping,
)
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.readers.text import Dialect

KEY = "movielens-100k"
SPLITS = ("u1", "u2", "u3", "u4", "u5", "ua", "ub")
GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
_RATING_COLUMNS = ("user id", "item id", "rating", "timestamp")
_RATINGS = Dialect("utf-8", "\t", has_header=False, quoting=False)
_BARS = Dialect("latin-1", "|", has_header=False, quoting=False)
_ITEM_COLUMNS = ("id", "title", "release date", "video release date", "url", *GENRES)
_USER_COLUMNS = ("id", "age", "gender", "occupation", "zip")
_MAPPING = rating_mapping(_RATING_COLUMNS, FIVE_STARS)


def splits_in(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(split for split in SPLITS if {f"{split}.base", f"{split}.test"} <= names)


def detect(path: Path, options: ReadOptions) -> Detected:
    bundle = Bundle(path)
    return detected(KEY, bundle, "u.data", _RATINGS, _RATING_COLUMNS, _MAPPING, splits_in(bundle.names))


def open_files(files: Files, options: ReadOptions) -> Opened:
    bundle = Bundle(files["interactions"])
    available = splits_in(bundle.names)
    if options.split and options.split not in available:
        raise DatasetError(
            "split", "is not in these files", value=options.split, accepted=f"none, {', '.join(available)}"
        )
    return Opened(_MAPPING, _chunks(bundle, options.split), lambda: _users(bundle), lambda: _items(bundle))


def _chunks(bundle: Bundle, split: str | None) -> Iterator[Chunk]:
    if split is None:
        yield from rating_chunks(bundle, "u.data", _RATINGS, _MAPPING, _RATING_COLUMNS)
        return
    yield from rating_chunks(bundle, f"{split}.base", _RATINGS, _MAPPING, _RATING_COLUMNS, part=0)
    yield from rating_chunks(bundle, f"{split}.test", _RATINGS, _MAPPING, _RATING_COLUMNS, part=1)


def _users(bundle: Bundle) -> FeatureTable | None:
    """Age, gender and occupation. The zip code is left out: it tells people apart and teaches a model nothing."""
    if "u.user" not in bundle.names:
        return None
    frame, refused = feature_frame(bundle, "u.user", _BARS, _USER_COLUMNS, ("id", "age", "gender", "occupation"))
    frame["age"] = pd.to_numeric(frame["age"], errors="coerce").astype("float64")
    return FeatureTable("u.user", frame, refused)


def _items(bundle: Bundle) -> FeatureTable | None:
    """Title, year of release and genres (a list, from the 19 flags)."""
    if "u.item" not in bundle.names:
        return None
    frame, refused = feature_frame(bundle, "u.item", _BARS, _ITEM_COLUMNS, ("id", "title", "release date", *GENRES))
    flags = frame[list(GENRES)].to_numpy() == "1"
    genres = [[genre for genre, flag in zip(GENRES, row, strict=True) if flag] for row in flags]
    year = pd.to_numeric(frame["release date"].str[-4:], errors="coerce").astype("float64")
    features = {"title": frame["title"], "year": year, "genres": pd.Series(genres, index=frame.index, dtype="object")}
    return FeatureTable("u.item", pd.DataFrame(features, index=frame.index), refused)


def recognises(path: Path) -> bool:
    return "u.data" in bundle_names(path)


READER = Reader(
    key=KEY,
    label="MovieLens 100k",
    summary="Folder or zip with u.data, u.item and u.user; the given splits u1 to u5, ua and ub can be chosen.",
    needs_mapping=False,
    recognises=recognises,
    detect=detect,
    open=open_files,
)
