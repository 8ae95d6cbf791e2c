from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from experiments.models import ModelVersion
    from monitoring.services.own_answers import OwnAnswers
    from monitoring.services.own_choices import Choice, Drawn


class ServingConfig(AppConfig):
    name = "mlopspro.serving"

    def ready(self) -> None:
        from experiments.services import serving_status
        from monitoring.services import own_answers, own_choices

        serving_status.register(_problems_of)
        own_answers.register(_own_answers)
        own_choices.register(_Ranker())


def _problems_of(model_id: uuid.UUID) -> list[str]:
    """Imported when asked: most processes never serve."""
    from mlopspro.serving import loaded

    return [
        f"Version {one['version']}: {one['problem']}" for one in loaded.problems() if one["model_id"] == str(model_id)
    ]


def _own_answers(version: ModelVersion, most: int, seed: int, seconds: float) -> OwnAnswers:
    """Imported when asked: the judge's process alone makes references."""
    from mlopspro.serving.own_answers import own_answers

    return own_answers(version, most, seed, seconds)


class _Ranker:
    """Imported when asked, as the above."""

    def choices(self, champion: ModelVersion, other: ModelVersion, drawn: Sequence[Drawn]) -> Iterator[Choice | None]:
        from mlopspro.serving import own_choices

        return own_choices.choices(champion, other, drawn)

    def lists(self, version: ModelVersion, asked: Sequence[tuple[str, int]]) -> Iterator[frozenset[str]]:
        from mlopspro.serving import own_choices

        return own_choices.lists(version, asked)
