"""What is wrong with an expression, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ExpressionError(ValueError):
    """The only thing that reading an expression raises.

    Attributes:
        message: what is wrong and what would be accepted, in one or two sentences.
        position, length: the piece of the text that is meant, counted in characters from 0.
        suggestion: what was probably meant, "" where nothing is near.
    """

    def __init__(self, message: str, position: int, length: int = 1, suggestion: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = max(1, length)
        self.suggestion = suggestion

    def __str__(self) -> str:
        """The whole in one line, for logs and answers of the API."""
        hint = f" Did you mean {self.suggestion}?" if self.suggestion else ""
        return f"At character {self.position + 1}: {self.message}{hint}"


def nearest(word: str, known: Iterable[str]) -> str:
    """The known name most like ``word``, whatever its case and with or without its protocol; "" where none is near."""
    by_key: dict[str, str] = {}
    for name in known:
        by_key.setdefault(name.lower(), name)
        by_key.setdefault(name.lower().rpartition(".")[2], name)
    at_k = next((name for key, name in by_key.items() if key.startswith(f"{word.lower()}_at_")), "")
    if at_k:
        return at_k
    found = difflib.get_close_matches(word.lower()[:80], by_key, n=1, cutoff=0.7)
    return by_key[found[0]] if found else ""
