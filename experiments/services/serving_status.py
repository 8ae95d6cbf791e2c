"""What of a model this process could not load, told by whoever serves (an outer part, which registers itself here)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

Told = Callable[[uuid.UUID], Sequence[str]]
_tellers: list[Told] = []


def register(told: Told) -> None:
    """``told(model id)``: sentences for people, none as a rule. Called at start."""
    if told not in _tellers:
        _tellers.append(told)


def problems_of(model_id: uuid.UUID) -> list[str]:
    """Sentences about versions of a model that are in use and could not be loaded here."""
    return [words for told in _tellers for words in told(model_id)]
