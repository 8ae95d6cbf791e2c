"""Data: the documented synthetic ratings, imported by an ordinary job."""

from __future__ import annotations

import uuid

from django.urls import reverse

from experiments.models import DatasetImport, JobStatus
from experiments.services import importing
from mlopspro.core.formats import number
from mlopspro.tour.scene import Link, Outcome, Scene, Step, StepFailed


def run(scene: Scene) -> Outcome:
    pk = uuid.uuid5(scene.tour.pk, "data")
    world = scene.world
    if not DatasetImport.objects.filter(pk=pk).exists():
        importing.queue_made(
            workspace=scene.workspace,
            actor=None,
            name=scene.name,
            options={
                "seed": world.seed, "users": world.users, "items": world.items, "interactions": world.ratings,
            },
            pk=pk,
        )  # fmt: skip
    job = scene.wait(lambda: _ended(pk), "The import is queued; a worker reads, checks and stores the data.")
    if job.status != JobStatus.COMPLETED or job.dataset is None:
        raise StepFailed(f"The data could not be imported: {job.failure_reason}")
    data = job.dataset
    scene.keep(dataset=str(data.pk))
    return Outcome(
        f"{number(data.num_users)} people, {number(data.num_items)} films, {number(data.num_interactions)} ratings. "
        "It is made up, so its truth is known; its fingerprint stands in every run that learns from it.",
        (Link("The dataset", reverse("experiments:dataset", args=[data.pk])),),
    )


def _ended(pk: uuid.UUID) -> DatasetImport | None:
    job = DatasetImport.objects.select_related("dataset").get(pk=pk)
    return None if job.is_active else job


STEP = Step(
    "data",
    "Import data",
    "A run is worth what its data is: every import is checked, counted and fingerprinted.",
    120,
    run,
)
