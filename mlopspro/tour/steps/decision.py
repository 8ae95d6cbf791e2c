"""The decision: the policy weighs its signals and begins a retraining, with its reasons stored."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse

from mlopspro.tour.scene import Link, Outcome, Scene, Step
from retraining.models import Decision


def run(scene: Scene) -> Outcome:
    since = dt.datetime.fromisoformat(scene.facts["drift_at"])
    found = scene.wait(lambda: _made(scene, since), lambda: _waits(scene))
    scene.keep(decision=str(found.pk), decision_at=found.at.isoformat())
    reasons = [str(one) for one in found.document.get("reasons", [])]
    return Outcome(
        f"{found.get_tier_display()}: {found.sentence} {reasons[-1] if reasons else ''}".strip(),
        (Link("The decision", reverse("retraining:decision", args=[found.pk])),),
    )


def _made(scene: Scene, since: dt.datetime) -> Decision | None:
    rows = Decision.objects.filter(model=scene.facts["model"], action=Decision.Action.RETRAIN, at__gt=since)
    return rows.order_by("at").first()


def _waits(scene: Scene) -> str:
    newest = Decision.objects.filter(model=scene.facts["model"]).order_by("-at").first()
    said = f" The last one: {newest.sentence}" if newest is not None else ""
    return f"The policy is evaluated again.{said}"


STEP = Step(
    "decision",
    "The decision",
    "A pure function of stored inputs: the same inputs give the same decision, whoever asks and whenever.",
    120,
    run,
)
