from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from experiments.models import ModelVersion
    from monitoring.services.own_answers import OwnAnswers


class ServingConfig(AppConfig):
    name = "mlopspro.serving"

    def ready(self) -> None:
        from experiments.services import serving_status
        from monitoring.services import own_answers

        serving_status.register(_problems_of)
        own_answers.register(_own_answers)


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
