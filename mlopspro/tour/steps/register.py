"""The registry: the best run becomes the first version of a model."""

from __future__ import annotations

from django.urls import reverse

from experiments.learning.families import Family
from experiments.models import Experiment, ModelVersion, RegisteredModel
from experiments.services import registry
from mlopspro.core.formats import filesize
from mlopspro.tour.scene import Link, Outcome, Scene, Step
from mlopspro.tour.steps.compare import METRIC


def run(scene: Scene) -> Outcome:
    best = Experiment.objects.get(pk=scene.facts["best"])
    model = RegisteredModel.objects.filter(workspace=scene.workspace, name=scene.name, archived_at=None).first()
    if model is None:
        model = registry.create_model(
            workspace=scene.workspace, actor=scene.owner, name=scene.name, family=Family.RECOMMENDATION,
            description="Lists of films. Made by the tour.", tags=["tour"], headline=METRIC,
        )  # fmt: skip
    version = ModelVersion.objects.filter(model=model, experiment=best).first() or registry.register(
        best, actor=scene.owner, model=model, notes="The best of three.", through="command"
    )
    scene.keep(model=str(model.pk), version=str(version.pk))
    scene.course.model = model.pk
    files = list(version.files.all())
    size = filesize(sum(one.size_bytes for one in files))
    return Outcome(
        f"{best.name} is version {version.number} of {model.name}: {len(files)} files, {size}, copied and checked "
        "by their digests.",
        (Link("The model", reverse("experiments:model", args=[model.pk])),),
    )


STEP = Step(
    "register",
    "Register the best",
    "A version outlives its run: files, figures, settings and lineage stay together.",
    60,
    run,
)
