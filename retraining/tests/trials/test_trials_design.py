"""Planning from the champion's own users: against the scatter of what they did, and the planner's formulas."""

import numpy as np
import pytest

from experiments.services.spec import Refused
from mlopspro.testing.people import make_workspace
from retraining.services import trial_design, trials
from retraining.services.trial_design import Baseline
from retraining.tests.trial_scene import flow, stage
from retraining.trial import planner
from retraining.trial.planner import Design

KNOWN = Baseline(0.4, 0.3, 500.0, 3500, "")


@pytest.mark.django_db
def test_the_baseline_is_what_the_users_did():
    here = stage(make_workspace())
    assert trial_design.baseline(here.model, "hit_rate_at_10") is None
    flow(here, "1.0.0", [f"a{n}" for n in range(400)], 0.3, hours=0.5)
    found = trial_design.baseline(here.model, "hit_rate_at_10")
    liked = np.random.default_rng(0)
    liked.random((2, 400))
    truth = liked.random(400) < 0.3
    assert found.users == 400
    assert found.value == pytest.approx(truth.mean())
    assert found.scatter == pytest.approx(truth.std(ddof=1))
    assert found.users_a_day == pytest.approx(400 * 24), "it is live for less than an hour, which counts as one"
    assert "400 users" in found.sentence


@pytest.mark.django_db
def test_a_draft_takes_from_the_planner_what_it_does_not_say():
    here = stage(make_workspace())
    with pytest.raises(Refused) as refused:
        trials.draft(here.model, here.document(planned_users=0), actor=None)
    assert refused.value.problems[0].field == "planned_users"
    flow(here, "1.0.0", [f"a{n}" for n in range(400)], 0.3, hours=0.5)
    trial = trials.draft(here.model, here.document(planned_users=0, days=0, least_effect=0.1), actor=None)
    known = trial_design.baseline(here.model, "hit_rate_at_10")
    wanted = planner.sample_size(Design(known.scatter, method="sequential"), 0.1).total
    assert (trial.plan["planned_users"], trial.plan["least_effect"], trial.plan["days"]) == (wanted, 0.1, 1.0)


def test_each_follows_from_the_others():
    first = trial_design.plan(KNOWN, least_effect=0.02, method="fixed")
    again = trial_design.plan(KNOWN, users=first.users, method="fixed")
    assert first.users == planner.sample_size(Design(0.3), 0.02).total
    assert again.least_effect == pytest.approx(0.02, rel=1e-3)
    assert first.days == pytest.approx(first.users / 500)
    long = trial_design.plan(KNOWN, days=first.days, method="fixed")
    assert long.users == pytest.approx(first.users, abs=1)
    assert trial_design.plan(KNOWN).least_effect == pytest.approx(0.02), "5 % of the baseline where nothing is said"


def test_interleaving_needs_a_quarter_of_the_users_at_the_same_scatter():
    """n users who compare both lists themselves know d with s / √n; in two halves the difference has 2 s / √n."""
    split = trial_design.plan(KNOWN, least_effect=0.05)
    shared = trial_design.plan(KNOWN, least_effect=0.05, interleaving=True)
    assert shared.users == pytest.approx(split.users / 4, abs=1)
    assert shared.days == pytest.approx(shared.users / 250), "only those whose lists are interleaved count"


@pytest.mark.parametrize(
    ("field", "fields"), [("alpha", {"alpha": 0.9}), ("power", {"power": 0.1}), ("effect", {"least_effect": 1e-9})]
)
def test_what_cannot_be_planned_is_named(field, fields):
    with pytest.raises(ValueError, match=f"^{field}"):
        trial_design.plan(KNOWN, **({"least_effect": 0.05} | fields))
