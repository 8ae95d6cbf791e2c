"""Recovery: people like their lists again, and the alert resolves by itself."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse

from mlopspro.core.formats import metric, number
from mlopspro.tour.course import Quality
from mlopspro.tour.scene import Link, Outcome, Scene, Step
from monitoring.models import Alert

ENOUGH = 200
PATIENCE = 2_000
"""Lists after which it is told how it is, though the alert has not resolved."""


def run(scene: Scene) -> Outcome:
    since = dt.datetime.fromisoformat(scene.facts["promoted_at"])
    found = scene.wait(lambda: _measured(scene, since), lambda: _waits(scene, since))
    scene.keep(after=found.value)
    alert = Alert.objects.get(pk=scene.facts["alert"])
    model = scene.facts["model"]
    resolved = " The alert is still open: this is below its limit."
    if alert.resolved_at is not None:
        resolved = f" The alert resolved by itself at {alert.resolved_at:%H:%M:%S} UTC."
    return Outcome(
        f"NDCG@10 of {number(found.lists)} lists is {metric(found.value)}: {metric(scene.facts['before'])} before the "
        f"change, {metric(scene.facts['fallen'])} after it.{resolved}",
        (
            Link("Live quality", f"{reverse('monitoring:overview')}?model={model}&period=1h&tab=quality"),
            Link("The alert", reverse("monitoring:alert", args=[alert.pk])),
        ),
    )


def _measured(scene: Scene, since: dt.datetime) -> Quality | None:
    """Once enough people answered the new version, and the judge has seen it too."""
    found = scene.course.quality(since)
    resolved = Alert.objects.filter(pk=scene.facts["alert"], state=Alert.State.RESOLVED).exists()
    return found if found.lists >= (ENOUGH if resolved else PATIENCE) else None


def _waits(scene: Scene, since: dt.datetime) -> str:
    found = scene.course.quality(since)
    return (
        f"{number(found.lists)} lists of the new version, NDCG@10 {metric(found.value)}. "
        "The alert resolves when the judge has seen enough of them."
    )


STEP = Step(
    "recovery",
    "Recovery",
    "The loop is closed when people are better off, not when a job has ended.",
    240,
    run,
)
