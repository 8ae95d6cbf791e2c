"""What is said about a query that cannot be read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class QueryError(ValueError):
    """A query that cannot be read or answered; the message can be shown to people.

    ``position`` (from 0) and ``length`` mark the place in the text, length 0 where it has none. ``suggestion`` is what
    may have been meant, empty where nothing comes near.
    """

    def __init__(self, message: str, position: int = 0, length: int = 0, suggestion: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = length
        self.suggestion = suggestion

    def __str__(self) -> str:
        return self.message


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like ``name``, or an empty string."""
    by_lower = {one.lower(): one for one in known}
    found = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[found[0]] if found else ""


def shortened(text: str, limit: int = 40) -> str:
    """A piece of a query as a message quotes it."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
