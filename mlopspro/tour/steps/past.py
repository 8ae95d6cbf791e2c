"""The past: visits of the last day, written into the log with their times, so that a baseline exists."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone

from mlopspro.core.formats import metric, number
from mlopspro.serving import answers, loaded
from mlopspro.serving.replay.doors import Told
from mlopspro.serving.replay.doors_here import PastDoor
from mlopspro.serving.replay.requests import ListRequest, Troubles
from mlopspro.tour.scene import Link, Outcome, Scene, Step, StepFailed
from mlopspro.tour.visitors import opinions
from mlopspro.tour.world import Season
from monitoring.models import AlertRule, Severity
from monitoring.services import alert_rules, windows
from monitoring.services.baselines import Baseline, baseline_of
from monitoring.services.scene import scene_of

VISITS = 240
HOURS = 24
FIRST = 1_000_000
"""Number of the first visit: those of the present begin at 0."""
RULE = "People do not like their lists"
TOLERATED = 0.65
"""The alert opens below this share of the baseline."""


def run(scene: Scene) -> Outcome:
    if "past_until" not in scene.facts:
        scene.keep(past_until=(timezone.now() - dt.timedelta(minutes=20)).isoformat())
    _written(scene, dt.datetime.fromisoformat(scene.facts["past_until"]))
    baseline = scene.wait(lambda: _baseline(scene), _counting)
    figure = baseline.figures.get("ndcg_at_10")
    if figure is None:
        raise StepFailed("Nobody of the past liked anything, so there is no baseline.")
    scene.keep(baseline=figure.value)
    limit = round(TOLERATED * figure.value, 3)
    _rule(scene, limit)
    model = scene.model
    return Outcome(
        f"{number(VISITS)} visits of the last {HOURS} hours. The first {number(figure.n)} judged lists are the "
        f"baseline: live NDCG@10 {metric(figure.value)}. An alert is set at {metric(limit)}.",
        (Link("Monitoring", f"{reverse('monitoring:overview')}?model={model.pk}&period=24h&tab=quality"),),
    )


def _written(scene: Scene, until: dt.datetime) -> None:
    """Answers and feedback by keys: written again they double nothing."""
    loaded.refresh()
    live = answers.choose(scene.workspace, str(scene.facts["model"]))
    door = PastDoor(scene.workspace, live, name=f"tour-{scene.tour.pk}")
    said: list[Told] = []
    for place in range(VISITS):
        at = until - dt.timedelta(hours=HOURS) * (VISITS - place) / VISITS
        visit = scene.world.visit(FIRST + place)
        asked = door.ask(ListRequest(visit.number, 0.0, visit.name, {}), Troubles(), at)
        seen = scene.world.reactions(visit, asked.items, Season.BEFORE)
        said += opinions(asked.prediction_id, seen, at + dt.timedelta(seconds=20), f"past-{scene.tour.pk}/{place}")
    door.tell(said)
    door.flush()


def _baseline(scene: Scene) -> Baseline | None:
    """As the judge finds it, once the windows of the past are counted."""
    if windows.stale_minutes():
        return None
    here = scene_of(scene.model)
    return baseline_of(
        here.version, here.sources, kind="lists", headline="ndcg_at_10", minimum=here.settings.minimum_labels,
        settle=dt.timedelta(seconds=here.settings.window_seconds), now=here.now,
    )  # fmt: skip


def _counting() -> str:
    left = windows.stale_minutes()
    return f"Windows are computed from the log: {number(left)} minutes are left."


def _rule(scene: Scene, limit: float) -> None:
    if not AlertRule.objects.filter(model=scene.model, name=RULE).exists():
        alert_rules.create(
            scene.model,
            {
                "name": RULE, "signal": "quality.ndcg_at_10", "comparison": "below", "threshold": limit,
                "clear_at": limit, "minimum_sample": 100, "for_checks": 1, "severity": Severity.CRITICAL.value,
            },
            actor=scene.owner,
        )  # fmt: skip


STEP = Step(
    "past",
    "A day of traffic",
    "How good is good? The first hours of a version are what its later ones are held against.",
    180,
    run,
)
