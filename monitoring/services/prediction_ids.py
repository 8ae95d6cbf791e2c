"""Ids of predictions. Ours are UUIDv7 of their time: they sort by it and tell the partition they stand in.

An id that a caller gave becomes a UUIDv5 of model and caller's id, so that the same prediction sent twice is one row.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import uuid

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_V7, _V5 = 7, 5
_VERSION_BITS = 0xF << 76 | 0b11 << 62


def new_id(at: dt.datetime) -> uuid.UUID:
    """A UUIDv7 (RFC 9562, method 3 of section 6.2: the 12 bits after the version are the part of a millisecond)."""
    milliseconds, rest = divmod((at - EPOCH) // _MICROSECOND, 1000)
    random = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    number = milliseconds << 80 | _V7 << 76 | rest * 4096 // 1000 << 64 | 0b10 << 62 | random
    return uuid.UUID(int=number)


def day_of(prediction_id: uuid.UUID) -> dt.date | None:
    """The UTC day of an id that ``new_id`` made; None for others, whose day is not known from the id."""
    if prediction_id.version != _V7:
        return None
    try:
        return (EPOCH + dt.timedelta(milliseconds=prediction_id.int >> 80)).date()
    except OverflowError:
        return None


def id_of_key(model_id: uuid.UUID, key: str) -> uuid.UUID:
    """The id of the prediction that a caller calls ``key``; each model has ids of its own.

    ``uuid.uuid5``, in half its time: it is made for every row that comes in.
    """
    number = int.from_bytes(hashlib.sha1(model_id.bytes + key.encode(), usedforsecurity=False).digest()[:16])
    return uuid.UUID(int=number & ~_VERSION_BITS | _V5 << 76 | 0b10 << 62)
