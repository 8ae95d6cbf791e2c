"""How many different users and items: HyperLogLog sketches (Apache DataSketches, 4,096 registers).

Below about 380 different ones the number is exact. Above, it lies within 1.7 % with 68 % and within 3.3 % with 95 %
probability, and merging changes nothing of that: a sketch of merged windows is the sketch of all their rows.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
from datasketches import hll_sketch, hll_union, tgt_hll_type

from monitoring.summaries.rows import Rows
from monitoring.summaries.types import JSON

LOG_REGISTERS = 12
KIND = tgt_hll_type.HLL_4


@dataclass(frozen=True)
class Distinct:
    """``estimate`` different ones; with 95 % probability between ``low`` and ``high``."""

    estimate: int
    low: int
    high: int

    @property
    def is_exact(self) -> bool:
        return self.low == self.high


def sketch_of(words: pa.Array) -> str:
    """Of different words; "" does not count. Sorted first, so that the same words give the same text."""
    found = pc.unique(words)
    union = hll_union(LOG_REGISTERS)
    single = hll_sketch(LOG_REGISTERS, KIND)
    for word in found.take(pc.sort_indices(found)).to_pylist():
        if word:
            single.update(word)
    union.update(single)
    return _text(union)


def of_users(rows: Rows) -> JSON:
    return sketch_of(rows.user)


def of_items(rows: Rows) -> JSON:
    return sketch_of(rows.answers)


def merge(a: str, b: str) -> str:
    return merged([a, b])


def merged(texts: Iterable[str]) -> str:
    union = hll_union(LOG_REGISTERS)
    for text in texts:
        union.update(hll_sketch.deserialize(base64.b64decode(text)))
    return _text(union)


def estimate(text: str) -> Distinct:
    if not text:
        return Distinct(0, 0, 0)
    found = hll_sketch.deserialize(base64.b64decode(text))
    return Distinct(round(found.get_estimate()), round(found.get_lower_bound(2)), round(found.get_upper_bound(2)))


def _text(union: hll_union) -> str:
    return base64.b64encode(union.get_result(KIND).serialize_compact()).decode()
