"""How files are to be read: which column is what, and the details of the text. Typed, closed, JSON-able."""

from __future__ import annotations

import codecs
import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from experiments.learning.data.interactions import Feedback

TimestampFormat = Literal["auto", "unix_s", "unix_ms", "iso"]
Separator = Literal[",", "\t", ";", "|", "::", " "]

MAX_COLUMN_NAME = 200
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1")
"""Offered on pages; any text encoding that extends ASCII, and UTF-16, is accepted."""
_PROBE = "".join(map(chr, range(32, 127))) + "\r\n\t"


class ColumnMapping(BaseModel):
    """Which column of the file is what.

    Without ``value`` each row counts as one event of strength 1.0. ``scale`` is (lowest, highest) possible rating;
    None lets it be inferred. ``timestamp_format`` "auto" tells Unix seconds, milliseconds and ISO 8601 apart by
    looking; ISO times without a zone are read as UTC. ``part`` is a column that says train or test (0 or 1).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str = Field(min_length=1, max_length=MAX_COLUMN_NAME)
    item: str = Field(min_length=1, max_length=MAX_COLUMN_NAME)
    value: str | None = Field(None, max_length=MAX_COLUMN_NAME)
    timestamp: str | None = Field(None, max_length=MAX_COLUMN_NAME)
    part: str | None = Field(None, max_length=MAX_COLUMN_NAME)
    feedback: Feedback = "explicit"
    scale: tuple[float, float] | None = None
    timestamp_format: TimestampFormat = "auto"
    decimal: Literal[".", ","] = "."

    @field_validator("value", "timestamp", "part", mode="before")
    @classmethod
    def empty_is_none(cls, column: object) -> object:
        return None if column == "" else column

    @field_validator("scale")
    @classmethod
    def ordered_scale(cls, scale: tuple[float, float] | None) -> tuple[float, float] | None:
        if scale is not None and not (all(map(math.isfinite, scale)) and scale[0] < scale[1]):
            raise ValueError(
                f"scale {scale[0]:g} to {scale[1]:g} is not accepted; the lowest rating must be below the highest"
            )
        return scale

    @model_validator(mode="after")
    def consistent(self) -> ColumnMapping:
        used = [column for column in (self.user, self.item, self.value, self.timestamp, self.part) if column]
        doubled = {column for column in used if used.count(column) > 1}
        if doubled:
            raise ValueError(f"column {sorted(doubled)[0]!r} is used twice; each column can have one meaning")
        if self.feedback == "explicit" and self.value is None:
            raise ValueError("explicit ratings need a value column; without one, choose implicit")
        if self.feedback == "implicit" and self.scale is not None:
            raise ValueError("a scale belongs to explicit ratings; implicit events have none")
        return self


class FeatureMapping(BaseModel):
    """Which columns of a user or item file are what. ``columns`` None takes every other column that can serve.

    ``lists`` names text columns that hold several values, split at ``list_separator`` ("Comedy|Drama").
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=MAX_COLUMN_NAME)
    title: str | None = Field(None, max_length=MAX_COLUMN_NAME)
    columns: tuple[str, ...] | None = None
    lists: tuple[str, ...] = ()
    list_separator: str = Field("|", min_length=1, max_length=3)


class ReadOptions(BaseModel):
    """Everything a person can decide about reading. None means: as detected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mapping: ColumnMapping | None = None
    users: FeatureMapping | None = None
    items: FeatureMapping | None = None
    encoding: str | None = Field(None, max_length=40)
    separator: Separator | None = None
    has_header: bool | None = None
    split: str | None = Field(None, max_length=20)
    """Name of a split that the files bring along ("u1" ... "u5", "ua", "ub"); None reads them undivided."""

    @field_validator("encoding")
    @classmethod
    def known_encoding(cls, encoding: str | None) -> str | None:
        if encoding is None:
            return None
        try:
            name = codecs.lookup(encoding).name
            suits = name.startswith("utf-16") or name == "utf-8-sig" or _PROBE.encode(name) == _PROBE.encode("ascii")
        except (LookupError, UnicodeError, TypeError, AttributeError):
            suits = False
        if not suits:
            raise ValueError(f"encoding {encoding!r} is not accepted; try one of {', '.join(ENCODINGS)}")
        return encoding
