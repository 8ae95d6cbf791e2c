"""The present: people ask over HTTP, react, and the judge says that all is well."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from mlopspro.core.formats import metric, number
from mlopspro.tour.scene import Link, Outcome, Scene, Step, first_sentence
from mlopspro.tour.world import Season
from monitoring.models import Check, Verdict

RATE = 8.0
"""Visits a second."""


def run(scene: Scene) -> Outcome:
    if "live_at" not in scene.facts:
        scene.keep(live_at=timezone.now().isoformat())
    scene.visitors.come(RATE, Season.BEFORE)
    check = scene.wait(lambda: _well(scene), lambda: _waits(scene))
    found = scene.course.quality(_since(scene))
    scene.keep(before=found.value)
    model = scene.model
    return Outcome(
        f"{number(found.lists)} lists, live NDCG@10 {metric(found.value)}. The judge: {first_sentence(check.sentence)}",
        (Link("Live quality", f"{reverse('monitoring:overview')}?model={model.pk}&period=1h&tab=quality"),),
    )


def _since(scene: Scene) -> dt.datetime:
    return dt.datetime.fromisoformat(scene.facts["live_at"])


def _well(scene: Scene) -> Check | None:
    """The first scheduled check of quality since people came that judges."""
    rows = Check.objects.filter(
        model=scene.facts["model"], area=Check.Area.QUALITY, through="schedule", at__gt=_since(scene)
    )
    return rows.exclude(verdict=Verdict.NOT_ENOUGH).order_by("at").first()


def _waits(scene: Scene) -> str:
    rows = Check.objects.filter(model=scene.facts["model"], area=Check.Area.QUALITY, through="schedule")
    newest = rows.order_by("-at").first()
    said = f" The judge: {first_sentence(newest.sentence)}" if newest is not None else ""
    return f"{number(scene.visitors.number)} people came; the judge has to see enough of their lists.{said}"


STEP = Step(
    "visitors",
    "Serve live traffic",
    "Each answer is logged with its version; what people make of it comes back as feedback.",
    180,
    run,
)
