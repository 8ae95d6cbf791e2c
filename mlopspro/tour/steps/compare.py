"""Comparison: which run is really better, user by user."""

from __future__ import annotations

from django.urls import reverse

from experiments.models import Experiment
from experiments.selectors.comparison import Asked, select
from experiments.selectors.comparison_gathered import gather
from experiments.selectors.comparison_judged import Verdict, verdicts_of
from mlopspro.tour.scene import Link, Outcome, Scene, Step, StepFailed

METRIC = "catalogue.ndcg_at_10"


def run(scene: Scene) -> Outcome:
    runs = scene.facts["runs"]
    scene.say("Results of the same people under each model are compared pair by pair.")
    gathered = gather(scene.workspace, select(scene.workspace, Asked.of(runs)))
    metric = gathered.metric(METRIC)
    verdicts = verdicts_of(gathered, metric) if metric is not None else None
    if not verdicts:
        raise StepFailed("The runs have no figure in common by which they could be compared.")
    best = _best(scene, verdicts[0])
    scene.keep(best=str(best.pk))
    shown = [line.sentence for line in verdicts[0].lines if line.lead.standing in ("better", "worse")]
    return Outcome(
        " ".join([verdicts[0].headline, *shown]),
        (Link("The comparison", f"{reverse('experiments:compare')}?ids={','.join(runs)}"),),
    )


def _best(scene: Scene, verdict: Verdict) -> Experiment:
    """Who leads; where nobody does, the first of those that a difference could not be shown of."""
    if verdict.leader is not None:
        return verdict.leader.run
    values = [(value.value, one.run) for one, value in verdict.values if value.value is not None]
    if not values:
        raise StepFailed(verdict.headline)
    return max(values, key=lambda one: one[0])[1]


STEP = Step(
    "compare",
    "Compare with a verdict",
    "A higher figure may be luck. The verdict says by how much, with its interval, or that nothing is shown.",
    120,
    run,
)
