"""What is wrong with a manifest: everything at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Place = tuple[str | int, ...]


@dataclass(frozen=True)
class ManifestProblem:
    """``path`` has dots between names and positions of lists, such as ``requirements.grain.0``; empty: the whole."""

    path: str
    message: str


class ManifestRefused(ValueError):
    """A manifest that is not accepted; ``problems`` are in the order of the schema."""

    def __init__(self, problems: list[ManifestProblem]) -> None:
        super().__init__("; ".join(f"{item.path or 'manifest'}: {item.message}" for item in problems))
        self.problems = problems


def problem(place: Iterable[str | int], message: str) -> ManifestProblem:
    return ManifestProblem(".".join(str(step) for step in place), message)


def shown(value: Any) -> str:
    """A value as a message quotes it, cut short."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
