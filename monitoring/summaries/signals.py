"""Signals of drift: what of predictions is compared, read in one way for references and for windows.

Of lists: ``activity`` (interactions of a known user who asks), ``new_users`` (users that the version learnt nothing
of), ``fallback`` (answered by popularity), ``list_length``, ``scores`` (of the first item; popularity's own lists have
other scores and are left out, as they are of ``confidence``), and of the first ten places ``exposure`` (items by their
popularity in training), ``new_items`` (unknown to training) and ``overlap`` (held by the reference's favourites). Of
rows: ``prediction`` (a label or a number), ``confidence`` and ``feature.<column>``. Requests that failed are none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.stats.bins import Kind
from monitoring.summaries.rows import Rows
from monitoring.summaries.types import Bools, Floats, Ints

FIRST = 10
"""Places of a list that count, so that lists of 20 do not show other items than lists of 10."""
FEATURE = "feature."
NUMBERS: dict[str, Kind] = {
    "activity": "numeric",
    "new_users": "share",
    "fallback": "share",
    "list_length": "numeric",
    "scores": "numeric",
    "confidence": "numeric",
}
"""Signals with one number a prediction."""
TITLES = {
    "exposure": "Items shown, by popularity",
    "activity": "History of those who ask",
    "new_users": "Share of new users",
    "new_items": "Share of new items shown",
    "scores": "Score of the first item",
    "confidence": "Confidence",
    "list_length": "Length of lists",
    "overlap": "Places held by the most shown items",
    "fallback": "Share answered by popularity",
    "prediction": "Predictions",
}
OF_ITEMS = ("exposure", "new_items", "overlap")
OF_USERS = ("new_users", "fallback")
"""Signals that are properties of the user who asks, and of whose two sides users are counted apart."""
_TYPES = {'"': "text", "t": "boolean", "f": "boolean", "[": "list", "{": "object"}


def numbers(rows: Rows) -> dict[str, tuple[Bools, Floats]]:
    """By name (which rows (n,), their values (m,)); signals without a row are left out."""
    answered = ~rows.failed
    lists = answered & rows.listed
    own = lists & ~rows.fallback
    history = rows.history
    found = {
        "activity": (lists & (history >= 1), history),
        "new_users": (lists, new_users(rows)),
        "fallback": (lists, rows.fallback.astype(np.float64)),
        "list_length": (lists, rows.lengths.astype(np.float64)),
        "confidence": (answered & ~(rows.listed & rows.fallback), rows.confidence),
    }
    if rows.first_score is not None:
        found["scores"] = (own & (rows.lengths > 0), rows.first_score)
    return {name: (which, values[which]) for name, (which, values) in found.items() if which.any()}


def new_users(rows: Rows) -> Floats:
    """1 of a user that the version learnt nothing of, 0 of others, NaN where nobody said; (n,)."""
    known = np.isfinite(rows.history)
    said = np.where(rows.fallback, 1.0, np.nan)
    return np.where(known, (rows.history < 1).astype(np.float64), said)


def predicted(rows: Rows) -> Bools:
    """Rows that were answered with a label or a number, (n,)."""
    return ~rows.failed & ~rows.listed


def first_items(rows: Rows) -> tuple[Ints, pa.Array]:
    """(row of each (m,), item (m,)) of the first ten places of all lists."""
    row = np.repeat(np.arange(len(rows)), rows.lengths)
    starts = np.cumsum(rows.lengths) - rows.lengths
    place = np.arange(len(row)) - starts[row]
    shown = (place < FIRST) & ~rows.failed[row]
    return row[shown], rows.items if shown.all() else rows.items.filter(pa.array(shown))


def counted(words: pa.Array) -> dict[str, int]:
    """{word: how often}."""
    counts = pc.value_counts(words)
    return dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True))


def feature_numbers(texts: pa.Array) -> Floats:
    """Values of a column as JSON has them (n,) as numbers; NaN where there is none or it is no number."""
    first = pc.utf8_slice_codeunits(texts, 0, 1)
    number = pc.is_in(first, value_set=pa.array(list("-0123456789")))
    found = pc.cast(pc.if_else(number, texts, pa.scalar(None, pa.string())), pa.float64(), safe=False)
    out = np.array(pc.fill_null(found, float("nan")), np.float64)
    out[np.asarray(pc.equal(texts, "true"), np.bool_)] = 1.0
    out[np.asarray(pc.equal(texts, "false"), np.bool_)] = 0.0
    return out


def feature_words(texts: pa.Array) -> tuple[dict[str, int], int]:
    """({value as text: how often}, how many are missing) of a column as JSON has it; a number is its own text."""
    found: dict[str, int] = {}
    missing = 0
    for text, number in counted(texts).items():
        word = word_of(text)
        if word is None:
            missing += number
        else:
            found[word] = found.get(word, 0) + number
    return found, missing


def word_of(text: str) -> str | None:
    """A category by its text; None where there is none. A text "" is none, as it is for the model."""
    if text in ("", "null", "NaN", '""'):
        return None
    if not text.startswith('"'):
        return text
    return text[1:-1] if "\\" not in text else str(json.loads(text))


def types_of(texts: pa.Array) -> dict[str, int]:
    """{number, text, boolean, list or object: how often} of a column as JSON has it; what is missing is left out."""
    found: dict[str, int] = {}
    firsts = pc.if_else(pc.is_in(texts, value_set=pa.array(["null", "NaN", '""'])), "", texts)
    for first, number in counted(pc.utf8_slice_codeunits(firsts, 0, 1)).items():
        if first:
            name = _TYPES.get(first, "number")
            found[name] = found.get(name, 0) + number
    return found


def sparse(counts: npt.ArrayLike) -> dict[str, int]:
    """Counts (b,) as {place: count} without zeros."""
    given = np.asarray(counts, np.int64)
    return {str(place): int(given[place]) for place in np.flatnonzero(given)}


def dense(found: Mapping[str, int] | None, size: int) -> Ints:
    """{place: count} as counts (b,)."""
    out = np.zeros(size, np.int64)
    for place, count in (found or {}).items():
        out[int(place)] = count
    return out
