"""Production: the version is promoted, and the web processes answer with it within seconds."""

from __future__ import annotations

import time

from django.urls import reverse

from experiments.models import Stage
from experiments.services import promotion
from mlopspro.tour.answering import first_answer
from mlopspro.tour.scene import Link, Outcome, Scene, Step


def run(scene: Scene) -> Outcome:
    version = scene.version
    if version.stage != Stage.PRODUCTION:
        promotion.promote(version, actor=scene.owner, reason="The best of three, by a paired test.", through="command")
    began = time.monotonic()
    answer = scene.wait(lambda: first_answer(scene), "The web processes load and verify the files.")
    return Outcome(
        f"{version.number} is live; {time.monotonic() - began:.1f} s later {answer.user} gets "
        f"{answer.items} films in {answer.milliseconds:.0f} ms over HTTP.",
        (
            Link("The version", reverse("experiments:model_version", args=[version.model_id, version.pk])),
            Link("Ask it yourself", f"{reverse('serving:recommend')}?model={version.model_id}&user={answer.user}"),
        ),
    )


STEP = Step(
    "promote",
    "Promote to production",
    "The gate is asked first; what went live when, by whom and why is never overwritten.",
    60,
    run,
)
