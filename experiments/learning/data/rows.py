"""Judges the rows of a chunk: typed arrays of the good ones, a reason for each of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from experiments.learning.data.readers.base import Chunk
from experiments.learning.data.readers.options import ColumnMapping
from experiments.learning.data.typed import LATEST_SECOND, to_numbers, to_seconds, to_text

MAX_ID_CHARACTERS = 256
LARGEST_VALUE = 1e12
"""float32 still tells neighbours of this size apart well enough; no count or play time is larger."""
_MISSING = frozenset(("", "nan", "null", "none", "\\n"))
_TRAIN = frozenset(("0", "train", "training", "base"))
_TEST = frozenset(("1", "test", "testing"))

_OK = 0


@dataclass(frozen=True)
class JudgedRows:
    """Good rows of a chunk as arrays of one length, and the others by position.

    ``user`` and ``item`` are Arrow dictionary arrays of text. ``refused`` holds (position in the chunk, reason).
    """

    line: NDArray[np.int64]
    user: Any
    item: Any
    value: NDArray[np.float32]
    timestamp: NDArray[np.int64] | None
    part: NDArray[np.int8] | None
    refused: list[tuple[int, str]]


class Verdict:
    """First reason found for each row; later reasons do not replace earlier ones."""

    def __init__(self, size: int) -> None:
        self.codes = np.zeros(size, np.int16)
        self.reasons = ["ok"]

    def refuse(self, mask: NDArray[np.bool_], reason: str) -> None:
        self.reasons.append(reason)
        self.codes[mask & (self.codes == _OK)] = len(self.reasons) - 1


def judge(chunk: Chunk, mapping: ColumnMapping) -> JudgedRows:
    """Converts and checks every row of the chunk."""
    verdict = Verdict(len(chunk))
    user = _identifiers(chunk.user, "user", verdict)
    item = _identifiers(chunk.item, "item", verdict)
    value = _values(chunk, mapping, verdict)
    timestamp = _timestamps(chunk, mapping, verdict)
    part = _parts(chunk, verdict)
    bad = np.flatnonzero(verdict.codes != _OK)
    refused = [(int(position), verdict.reasons[verdict.codes[position]]) for position in bad]
    if not len(bad):
        return JudgedRows(chunk.line, user, item, value, timestamp, part, refused)
    good = np.flatnonzero(verdict.codes == _OK)
    return JudgedRows(
        line=chunk.line[good],
        user=user.take(good),
        item=item.take(good),
        value=value[good],
        timestamp=None if timestamp is None else timestamp[good],
        part=None if part is None else part[good],
        refused=refused,
    )


def _identifiers(column: Any, role: str, verdict: Verdict) -> Any:
    encoded = to_text(column).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    distinct = encoded.dictionary
    missing = pc.is_in(pc.utf8_lower(distinct), value_set=pa.array(sorted(_MISSING)))
    too_long = pc.greater(pc.utf8_length(distinct), MAX_ID_CHARACTERS)
    broken = pc.match_substring(distinct, "\0")
    for wrong, reason in (
        (missing, "is missing"),
        (too_long, f"is longer than {MAX_ID_CHARACTERS} characters"),
        (broken, "holds a zero byte"),
    ):
        mask = np.asarray(wrong.to_numpy(zero_copy_only=False))
        if mask.any():
            verdict.refuse(mask[codes], f"{role} {reason}")
    return encoded


def _values(chunk: Chunk, mapping: ColumnMapping, verdict: Verdict) -> NDArray[np.float32]:
    if chunk.value is None:
        return np.ones(len(chunk), np.float32)
    numbers = to_numbers(chunk.value, mapping.decimal)
    verdict.refuse(np.isnan(numbers), "value is not a number")
    verdict.refuse(np.isinf(numbers), "value is infinite")
    if mapping.feedback == "implicit":
        verdict.refuse(numbers <= 0, "strength is not above zero")
    elif mapping.scale is not None:
        lowest, highest = mapping.scale
        off_scale = (numbers < lowest) | (numbers > highest)
        verdict.refuse(off_scale, f"rating is outside the scale {lowest:g} to {highest:g}")
    verdict.refuse(np.abs(numbers) > LARGEST_VALUE, f"value is beyond {LARGEST_VALUE:,.0f}")
    return np.where(np.abs(numbers) <= LARGEST_VALUE, numbers, 0.0).astype(np.float32)


def _timestamps(chunk: Chunk, mapping: ColumnMapping, verdict: Verdict) -> NDArray[np.int64] | None:
    if chunk.timestamp is None:
        return None
    seconds, known = to_seconds(chunk.timestamp, mapping.timestamp_format)
    verdict.refuse(~known, "time is neither a number of seconds nor an ISO 8601 time")
    verdict.refuse(known & (seconds < 0), "time is before 1970")
    verdict.refuse(known & (seconds > LATEST_SECOND), "time is after 2100")
    return seconds


def _parts(chunk: Chunk, verdict: Verdict) -> NDArray[np.int8] | None:
    if chunk.part is None:
        return None
    encoded = to_text(chunk.part).dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    words = [text.lower() for text in encoded.dictionary.to_pylist()]
    known: NDArray[np.int8] = np.array([0 if word in _TRAIN else 1 if word in _TEST else -1 for word in words], np.int8)
    parts: NDArray[np.int8] = known[codes]
    verdict.refuse(parts < 0, "part is neither train nor test")
    return parts
