"""What a version answers to its own newest data: asked for here, answered by the code that answers the world.

Serving sits above monitoring and is not imported. It hands over its function when it starts
(``mlopspro/serving/own_answers.py``), so a reference is counted from lists and numbers made exactly as live ones are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # every process loads this file, and few make references
    from experiments.models import ModelVersion
    from monitoring.stats.bins import Kind
    from monitoring.summaries.reference_profile import Training

MOST = 5_000
"""Requests that are answered: the sample of most signals, for a second or two of one core."""
SECONDS = 60.0
"""After so long what is answered is what there is; requests are drawn at random, so it is a sample all the same."""
SEED = 0


class CannotAnswerOwn(Exception):
    """Why the version cannot answer its own data, in words for people."""


@dataclass(frozen=True)
class OwnAnswers:
    """``predictions`` in the order of the data's time, as dictionaries with the columns of the log.

    ``features``: columns that are compared, with their kinds. ``rows``: how many requests the newest part would make.
    """

    predictions: list[dict[str, Any]]
    rows: int
    training: Training | None = None
    features: Mapping[str, Kind] = field(default_factory=dict)


Answerer = Callable[["ModelVersion", int, int, float], OwnAnswers]
"""(version, most, seed, seconds); raises CannotAnswerOwn."""
_answerers: list[Answerer] = []


def register(answerer: Answerer) -> None:
    """The one that answers from now on."""
    _answerers[:] = [answerer]


def answers_of(version: ModelVersion, *, most: int = MOST, seed: int = SEED, seconds: float = SECONDS) -> OwnAnswers:
    """Raises CannotAnswerOwn: files or data are missing or damaged, or nothing is held out."""
    if not _answerers:
        raise CannotAnswerOwn("Nothing in this process answers for models.")
    return _answerers[0](version, most, seed, seconds)
