"""Where a replay asks and tells: a protocol, and what its parts are called."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mlopspro.serving.replay.drift import Kind
from mlopspro.serving.replay.reactions import Reaction
from mlopspro.serving.replay.requests import Request, Troubles


@dataclass(frozen=True)
class Asked:
    """An answer. ``items`` is empty of tables; ``failed``: there was none, and there is no feedback on it."""

    prediction_id: uuid.UUID
    items: tuple[str, ...] = ()
    failed: bool = False


@dataclass(frozen=True)
class Told:
    """One reaction to an answer. ``key`` is the same whenever the same replay tells it again."""

    prediction_id: uuid.UUID
    reaction: Reaction
    at: dt.datetime
    key: str


class Door(Protocol):
    """``name`` tells replays apart. ``refuses`` are kinds of drift that cannot happen through it."""

    refuses: frozenset[Kind]

    def ask(self, request: Request, troubles: Troubles, at: dt.datetime) -> Asked:
        """Asks now; ``at`` counts only where the door writes the log itself."""

    def tell(self, feedback: Sequence[Told]) -> None:
        """Hands over feedback on answers given before."""

    def flush(self) -> None:
        """What was asked and told until now is handed over when this returns."""
