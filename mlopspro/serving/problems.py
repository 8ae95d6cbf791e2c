"""Why there is no answer, in words for whoever asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A field of what was asked, and what is wrong with it: its value and what is accepted."""

    field: str
    message: str


class CannotAnswer(Exception):
    """What was asked cannot be answered; ``problems`` say why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{one.field} {one.message}" for one in self.problems))


class NoModel(Exception):
    """No model answers: there is none of this name, or nothing of it is in production."""


class NotReady(Exception):
    """A version is in production and cannot answer now. ``soon``: asking again in a few seconds may help."""

    def __init__(self, message: str, *, soon: bool) -> None:
        self.soon = soon
        super().__init__(message)
