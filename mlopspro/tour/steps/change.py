"""Drift: people come to want other films, and more people come. The model knows nothing of it."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from mlopspro.core.formats import metric, number
from mlopspro.tour.course import Quality
from mlopspro.tour.scene import Link, Outcome, Scene, Step
from mlopspro.tour.world import Season

RATE = 25.0
ENOUGH = 80
"""Lists after which it is said how far quality fell."""


def run(scene: Scene) -> Outcome:
    if "drift_at" not in scene.facts:
        scene.keep(drift_at=timezone.now().isoformat())
    scene.visitors.come(RATE, Season.AFTER)
    since = dt.datetime.fromisoformat(scene.facts["drift_at"])
    trend = len(scene.world.trend)
    found = scene.wait(
        lambda: _measured(scene, since), f"A trend: {trend} films that hardly anybody had rated are what people want."
    )
    scene.keep(fallen=found.value)
    model = scene.facts["model"]
    return Outcome(
        f"A trend: {number(trend)} films that hardly anybody had rated are what people want now. "
        f"NDCG@10 of the next {number(found.lists)} lists is {metric(found.value)}, it was "
        f"{metric(scene.facts['before'])}.",
        (Link("Drift", f"{reverse('monitoring:overview')}?model={model}&period=1h&tab=drift"),),
    )


def _measured(scene: Scene, since: dt.datetime) -> Quality | None:
    found = scene.course.quality(since)
    return found if found.lists >= ENOUGH else None


STEP = Step(
    "change",
    "The world changes",
    "No code changed and no error is raised: a model goes bad in silence, unless somebody measures.",
    120,
    run,
)
