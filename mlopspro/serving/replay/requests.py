"""What a replay asks for, and what it knows of the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ListRequest:
    """A user asks for a list. ``wanted`` are held-out items of the user with their rating or strength."""

    number: int
    offset: float
    """Seconds of the data's own time since the first request of the plan."""
    user: str
    wanted: Mapping[str, float]


@dataclass(frozen=True)
class RowRequest:
    """A row of a table is to be predicted. ``truth`` is its held-out value, ``label`` whether that is a class."""

    number: int
    offset: float
    user: str
    features: Mapping[str, Any]
    truth: float
    label: bool = False


Request = ListRequest | RowRequest


@dataclass(frozen=True)
class Troubles:
    """What an answer suffers: milliseconds of delay, and whether it fails."""

    slower_ms: float = 0.0
    fails: bool = False


@dataclass(frozen=True)
class Drifted:
    """A request after the drifts that are on when its turn comes."""

    request: Request
    troubles: Troubles = field(default_factory=Troubles)
    kinds: tuple[str, ...] = ()
    flip: float = 0.0
    """Chance that a piece of its feedback says the opposite."""
