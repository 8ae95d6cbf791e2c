"""Most frequent items and users: frequent-items sketches (Apache DataSketches) of up to 768 different ones.

Exact as long as no more than 768 different ones occurred in the window. Above, each count is at most
``3.5 / 1024`` of all counted occurrences (0.34 %) too low or too high, and its bounds come with it.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from datasketches import frequent_items_error_type, frequent_strings_sketch

from monitoring.summaries.rows import Rows
from monitoring.summaries.types import JSON

LOG_SIZE = 10
EXACT_UP_TO = 768
LONGEST = 200
"""Characters of a word that are kept."""


@dataclass(frozen=True)
class Frequent:
    """A word with how often it occurred: between ``low`` and ``high`` times."""

    word: str
    count: int
    low: int
    high: int

    @property
    def is_exact(self) -> bool:
        return self.low == self.high


def sketch_of(words: pa.Array) -> str:
    """Of all words but "". The most frequent go in first, so that the same words give the same text."""
    sketch = frequent_strings_sketch(LOG_SIZE)
    counts = pc.value_counts(words)
    pairs = zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True)
    for word, count in sorted(pairs, key=lambda pair: (-pair[1], pair[0] or "")):
        if word:
            sketch.update(word[:LONGEST], count)
    return _text(sketch)


def of_users(rows: Rows) -> JSON:
    return sketch_of(rows.user)


def of_items(rows: Rows) -> JSON:
    return sketch_of(rows.answers)


def merge(a: str, b: str) -> str:
    return merged([a, b])


def merged(texts: Iterable[str]) -> str:
    sketch = frequent_strings_sketch(LOG_SIZE)
    for text in texts:
        sketch.merge(_sketch(text))
    return _text(sketch)


def total(text: str) -> int:
    """All counted occurrences; exact."""
    return int(_sketch(text).total_weight) if text else 0


def most(text: str, number: int) -> list[Frequent]:
    """The ``number`` most frequent, of equal ones the first by name."""
    if not text:
        return []
    rows = _sketch(text).get_frequent_items(frequent_items_error_type.NO_FALSE_NEGATIVES)
    found = [Frequent(word, count, low, high) for word, count, low, high in rows]
    return sorted(found, key=lambda one: (-one.count, one.word))[:number]


def _sketch(text: str) -> frequent_strings_sketch:
    return frequent_strings_sketch.deserialize(zlib.decompress(base64.b64decode(text)))


def _text(sketch: frequent_strings_sketch) -> str:
    return base64.b64encode(zlib.compress(sketch.serialize(), 1)).decode()
