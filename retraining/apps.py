from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from experiments.models import ModelVersion
    from experiments.views.version_links import Link


class RetrainingConfig(AppConfig):
    name = "retraining"

    def ready(self) -> None:
        from experiments.jobs import kinds
        from experiments.views import version_links
        from retraining.models import Drill

        kinds.MODELS[Drill.KIND], kinds.QUEUES[Drill.KIND] = Drill, "train"
        kinds.WORK[Drill.KIND] = "retraining.services.drills:run_drill"
        version_links.register(_estimate_of)


def _estimate_of(version: ModelVersion) -> Link | None:
    """Of versions of recommenders that are not in production."""
    from django.urls import reverse

    from experiments.learning.families import Family
    from experiments.views.version_links import Link

    if Family(version.model.family).is_tabular or version.stage == "production":
        return None
    return Link("On logged traffic", reverse("retraining:off_policy", args=[version.pk]), "calculator")
