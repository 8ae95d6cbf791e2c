"""What one version would have chosen where another's answers are logged: asked for here, answered by serving's code.

Serving sits above monitoring and is not imported; it hands over its ranker when it starts
(``mlopspro/serving/own_choices.py``), as it does for ``own_answers``. Nothing of this is shown to anybody or logged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # every process loads this file, and few ask
    from experiments.models import ModelVersion


class CannotChoose(Exception):
    """Why a version cannot say what it would choose, in words for people."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A logged list whose last item was drawn: ``fixed`` are those before it, best first."""

    user: str
    fixed: tuple[str, ...]
    last: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Places count among the champion's candidates for the last place, 0 being its own.

    ``logged``: what was shown; ``other``: what the other version scores highest of them, None where it would show none.
    """

    logged: int
    other: int | None


class Ranker(Protocol):
    """Both yield one for each that is asked about, in order; both raise CannotChoose."""

    def choices(self, champion: ModelVersion, other: ModelVersion, drawn: Sequence[Drawn]) -> Iterator[Choice | None]:
        """None where the champion's list cannot be made again as it is logged."""

    def lists(self, version: ModelVersion, asked: Sequence[tuple[str, int]]) -> Iterator[frozenset[str]]:
        """The items of a user's list of n, of (user, n)."""


_rankers: list[Ranker] = []


def register(ranker: Ranker) -> None:
    """The one that is asked from now on."""
    _rankers[:] = [ranker]


def ranker() -> Ranker:
    """Raises CannotChoose where nothing in this process ranks."""
    if not _rankers:
        raise CannotChoose("Nothing in this process answers for models.")
    return _rankers[0]
