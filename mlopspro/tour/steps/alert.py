"""The alert: the judge's next check falls below the limit, and whoever is on call is told."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse

from mlopspro.core.formats import metric
from mlopspro.tour.scene import Link, Outcome, Scene, Step, first_sentence
from monitoring.models import Alert, Check


def run(scene: Scene) -> Outcome:
    since = dt.datetime.fromisoformat(scene.facts["drift_at"])
    found = scene.wait(lambda: _opened(scene, since), lambda: _waits(scene))
    seconds = (found.opened_at - since).total_seconds()
    scene.keep(alert=str(found.pk), alert_at=found.opened_at.isoformat(), alert_after=seconds)
    return Outcome(
        f"{seconds:.0f} s after the change, by itself: {found.sentence}",
        (Link("The alert", reverse("monitoring:alert", args=[found.pk])),),
    )


def _opened(scene: Scene, since: dt.datetime) -> Alert | None:
    rows = Alert.objects.filter(rule__model=scene.facts["model"], rule__signal="quality.ndcg_at_10")
    return rows.filter(opened_at__gt=since).order_by("opened_at").first()


def _waits(scene: Scene) -> str:
    rows = Check.objects.filter(model=scene.facts["model"], area=Check.Area.QUALITY, through="schedule")
    newest = rows.order_by("-at").first()
    seen = f" It sees the last ten minutes as a whole: {first_sentence(newest.sentence)}" if newest is not None else ""
    fallen = metric(scene.facts["fallen"])
    return f"Quality is down to {fallen}; the judge looks every few seconds.{seen}"


STEP = Step(
    "alert",
    "The alert",
    "One alert a rule, with its reason and evidence; by e-mail, Slack or webhook where a channel is set.",
    180,
    run,
)
