"""The form that rows of predictions and feedback have when others send them, and every bound on it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, Literal

from msgspec import Meta, Struct

MAX_ITEMS = 1_000
MAX_FEATURES = 500
MAX_FEATURE_BYTES = 16 * 1024
_INT64 = 2**63 - 1
_INT32 = 2**31 - 1

Integer = Annotated[int, Meta(ge=-_INT64, le=_INT64)]
Word = Annotated[str, Meta(max_length=200)] | Integer
"""An id: text or whole number, kept as text."""
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0, le=_INT32)]
Moment = Annotated[dt.datetime, Meta(tz=True)]
Scalar = None | bool | Annotated[str, Meta(max_length=2000)] | Integer | float
Features = Annotated[dict[Annotated[str, Meta(max_length=200)], Scalar | list[Scalar]], Meta(max_length=MAX_FEATURES)]
Kind = Literal["rating", "click", "conversion", "skip", "label", "value"]


class PredictionForm(Struct, forbid_unknown_fields=True, gc=False):
    """One prediction as a caller sends it; exactly one of ``items``, ``label``, ``value``, or an ``error``."""

    model: Name
    version: Annotated[str, Meta(max_length=100)] = ""
    id: Word = ""
    at: Moment | None = None
    user: Word = ""
    history: Count | None = None
    fallback: bool = False
    items: Annotated[list[Word], Meta(max_length=MAX_ITEMS)] | None = None
    scores: Annotated[list[float], Meta(max_length=MAX_ITEMS)] | None = None
    propensities: Annotated[list[Share], Meta(max_length=MAX_ITEMS)] | None = None
    value: float | None = None
    label: Word | None = None
    confidence: Share | None = None
    features: Features | None = None
    input_size: Count | None = None
    latency_ms: Annotated[float, Meta(ge=0, le=86_400_000)] | None = None
    error: Annotated[str, Meta(max_length=1000)] = ""


class FeedbackForm(Struct, forbid_unknown_fields=True, gc=False):
    """One piece of feedback: on ``prediction`` (our id), or on what the caller calls ``id`` of ``model``."""

    kind: Kind
    prediction: uuid.UUID | None = None
    model: Name | None = None
    id: Word = ""
    item: Word = ""
    value: float | None = None
    label: Word = ""
    at: Moment | None = None
    key: Word = ""


_TEXT = "text of at most 200 characters, or a whole number"
_NUMBER = "a finite number"
ACCEPTED = {
    "model": "name or id of a model of this workspace",
    "version": "text of at most 100 characters: a version's number, or your own word for it",
    "id": f"your own id of the prediction: {_TEXT}",
    "at": "a time in ISO 8601 with its zone, such as 2026-11-21T10:00:00Z",
    "user": _TEXT,
    "history": "a whole number from 0 on",
    "fallback": "true or false",
    "items": f"a list of at most {MAX_ITEMS:,} different ids, each {_TEXT}",
    "scores": f"a list of at most {MAX_ITEMS:,} finite numbers, as many as items",
    "propensities": "a list of numbers from 0 to 1, as many as items",
    "value": _NUMBER,
    "label": _TEXT,
    "confidence": "a number from 0 to 1",
    "features": f"an object of at most {MAX_FEATURES} names to numbers, texts, true, false, null or lists of those, "
    f"{MAX_FEATURE_BYTES // 1024} kB in all",
    "input_size": "a whole number from 0 on",
    "latency_ms": "milliseconds: a number from 0 to 86400000",
    "error": "text of at most 1000 characters",
    "kind": "rating, click, conversion, skip, label or value",
    "prediction": "the id of a prediction, as an answer or POST /api/predictions gave it",
    "item": _TEXT,
    "key": f"your own id of this feedback: {_TEXT}",
}
"""What each field accepts, in words."""
