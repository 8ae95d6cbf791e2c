"""What is agreed before anything goes wrong: how the model is judged, when it is trained again, and how carefully."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from mlopspro.core.formats import share
from mlopspro.tour.scene import Link, Outcome, Scene, Step
from monitoring.models import AlertRule
from monitoring.services import alert_rules, monitoring_settings
from retraining.services import policies

JUDGED: dict[str, Any] = {
    "window_seconds": 600,
    "minimum_labels": 100,
    "minimum_sample": 200,
}
"""Ten minutes are the shortest stretch that is judged; few answers are enough, as a tour has few."""
LOSS = 0.6
"""Share of the baseline that may be lost. A trend of minutes has to be seen by enough people before it can be learnt:
the usual 20 % are lost when hardly a hundred of them have said anything."""
POLICY: dict[str, Any] = {
    "mode": "automatic",
    # No prices are agreed for films, and this model's lists have no F1 on ratings.
    "cost.on": False,
    "performance.on": False,
    "acts_from": "immediate",
    "degradation.above": LOSS,
    "degradation.immediate_above": LOSS,
    "plan.data.use": "half_life",
    "plan.data.half_life_days": 0.125,
    "plan.data.minimum_new": 400,
    "plan.canary.shares": [0.25, 0.5, 1.0],
    "plan.canary.least_minutes": 0,
    "plan.canary.least_sample": 40,
    "plan.guards.least_answers": 30,
}
"""Hours stand for months here: what people said fades with a half-life of three hours, and a canary's steps last
until enough people answered, however soon that is."""
REPLACED = ("performance_watch", "performance_degraded", "cost", "traffic")
"""Rules that every model starts with, switched off: one rule of our own stands in the place of the first two, prices
are not agreed, and traffic of minutes is no anomaly against yesterday's."""
REASON = "Agreed for the tour, where hours stand for months."


def run(scene: Scene) -> Outcome:
    model = scene.model
    monitoring_settings.change(model, JUDGED, actor=scene.owner, reason=REASON)
    policies.change(model, POLICY, actor=scene.owner, reason=REASON)
    alert_rules.seed(model)
    for rule in AlertRule.objects.filter(model=model, seeded=True, enabled=True, state__seed__in=REPLACED):
        alert_rules.enable(rule, False, actor=scene.owner)
    return Outcome(
        f"Judged over ten minutes. Mode automatic: when {share(LOSS, 0)} of the quality is lost, a retraining "
        "begins; the new version must beat the old one, then answers 25, 50 and 100 % of the people.",
        (
            Link("The policy", reverse("retraining:model", args=[model.pk])),
            Link("How it is judged", reverse("monitoring:settings", args=[model.pk])),
            Link("Alert rules", reverse("monitoring:alert_rules", args=[model.pk])),
        ),
    )


STEP = Step(
    "agree",
    "Agree when to retrain",
    "Thresholds that are agreed beforehand are the reason why later nobody has to be awake.",
    30,
    run,
)
