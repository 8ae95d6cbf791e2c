"""The gate and the canary: guard-rails, people who step in, the kill switch. Versions with results and no training."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from experiments.models import Deployment, ModelVersion
from experiments.models.job import JobStateError
from experiments.services import promotion, traffic
from experiments.services.deployments import champion
from experiments.services.spec import Refused
from experiments.tests.registered import judged_version
from experiments.tests.registry.conftest import scores
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member, make_workspace
from retraining.models import Trial
from retraining.services import driver, kill_switch, retrainings
from retraining.tests.retrain_scene import PLAN, at_gate, judged_scene, serve


@pytest.fixture
def here(db):
    return judged_scene(make_workspace())


@pytest.fixture
def engineer(here):
    return make_member(here.workspace, Role.ENGINEER)


def gated(here, actor=None, besides=None, **plan):
    row = retrainings.begin(here.model, actor=actor, through="command", plan=PLAN | plan)
    return at_gate(here, row, besides)


def in_canary(here, **plan):
    row = driver.advance(gated(here, **plan))
    assert row.state == "canary", row.sentence
    return row


def untouched(here):
    assert champion(here.model) == here.base
    assert not traffic.running(here.model).filter(role="challenger").exists()
    return True


def steps_of(row):
    return list(row.steps.values_list("kind", "state"))


def test_a_breached_guard_rail_rolls_back_by_itself(here):
    row = in_canary(here)
    serve(here, row, good=0.05, champion=0.9)
    row = driver.advance(row)
    assert row.state == "rolled_back"
    assert "Precision@10" in row.sentence
    assert steps_of(row)[-2:] == [("canary", "refused"), ("roll_back", "done")]
    assert untouched(here)
    assert ModelVersion.objects.get(pk=row.version_id).stage == "development"


def test_requests_that_fail_roll_back_too(here):
    row = in_canary(here)
    serve(here, row, errors=40)
    assert driver.advance(row).state == "rolled_back"


def test_without_feedback_a_canary_waits_and_is_never_called_well(here):
    row = in_canary(here)
    before = row.steps.count()
    row = driver.advance(driver.advance(row))
    assert (row.state, row.steps.count()) == ("canary", before)
    late = timezone.now() + dt.timedelta(days=2)
    row = driver.advance(row, late)
    assert row.state == "held"
    assert "predictions" in row.sentence
    assert untouched(here)


def test_all_its_steps_and_then_production(here):
    row = in_canary(here)
    for _ in range(3):
        serve(here, row)
        row = driver.advance(row)
    assert row.state == "promoted"
    assert champion(here.model) == row.version
    assert steps_of(row) == [(kind, "done") for kind in ("gate", "canary", "canary", "canary", "promote")]


def test_a_version_that_is_not_better_stays_outside_with_its_figures(db):
    here = judged_scene(make_workspace(), better=-0.05)
    row = driver.advance(gated(here))
    assert row.state == "held"
    assert row.sentence.startswith("Production keeps 1.0.0. ")
    assert "NDCG@10" in row.sentence
    assert steps_of(row) == [("gate", "refused")]
    assert not Deployment.objects.filter(role="challenger").exists()
    assert untouched(here)


@pytest.mark.parametrize("state", ["composing", "gate", "canary"])
def test_a_person_stops_it_in_any_state_and_production_stays(here, engineer, state):
    row = retrainings.begin(here.model, through="command", plan=PLAN) if state == "composing" else gated(here)
    if state == "canary":
        row = driver.advance(row)
    assert row.state == state
    row = retrainings.stop(row, actor=engineer, reason="not now")
    assert (row.state, row.stop_requested_by) == ("stopped", engineer)
    assert row.sentence.endswith("not now")
    assert untouched(here)
    assert driver.advance(row).state == "stopped"
    with pytest.raises(JobStateError, match="has ended"):
        retrainings.stop(row, actor=engineer)
    assert retrainings.begin(here.model, through="command").state == "composing", "the next one may begin"


def test_the_kill_switch_takes_a_canary_back_and_holds_up_the_rest(here, engineer):
    row = gated(here)
    kill_switch.turn(here.workspace, on=True, actor=engineer)
    row = driver.advance(row)
    assert (row.state, row.sentence) == ("gate", "Waits: the kill switch is on.")
    kill_switch.turn(here.workspace, on=False, actor=engineer)
    row = driver.advance(row)
    assert row.state == "canary"
    kill_switch.turn(here.workspace, on=True, actor=engineer)
    row = driver.advance(row)
    assert row.state == "stopped"
    assert untouched(here)
    with pytest.raises(Refused, match="kill switch"):
        retrainings.begin(here.model, through="command")


def test_asked_for_a_person_promotes(here, engineer):
    row = in_canary(here, promote="ask")
    with pytest.raises(JobStateError, match="last step"):
        retrainings.approve(row, actor=engineer)
    for _ in range(4):
        serve(here, row)
        row = driver.advance(row)
    assert row.state == "canary"
    assert row.sentence.endswith(f"waits for a person to promote {row.version.number}.")
    assert champion(here.model) == here.base
    retrainings.approve(row, actor=engineer, reason="looks fine to me")
    row = driver.advance(row)
    assert row.state == "promoted"
    change = row.version.stage_changes.get(to_stage="production")
    assert (change.by, change.reason) == (engineer, "looks fine to me")


def test_while_it_waits_for_a_person_the_guard_rails_still_hold(here):
    row = in_canary(here, promote="ask")
    for _ in range(3):
        serve(here, row)
        row = driver.advance(row)
    serve(here, row, good=0.0, n=200)
    assert driver.advance(row).state == "rolled_back"
    assert untouched(here)


def test_somebody_else_goes_into_production_meanwhile(here, engineer):
    row = in_canary(here)
    other = judged_version(here.workspace, scores(0.4, seed=9), here.model)
    promotion.promote(other, actor=engineer, force=True, reason="an emergency of ours")
    row = driver.advance(row)
    assert (row.state, champion(here.model)) == ("held", other)
    assert other.number in row.sentence
    assert not traffic.running(here.model).filter(role="challenger").exists()


def test_the_new_version_promoted_by_hand_is_promoted(here, engineer):
    row = in_canary(here)
    promotion.promote(row.version, actor=engineer)
    row = driver.advance(row)
    assert (row.state, row.sentence) == ("promoted", f"{row.version.number} was promoted by hand.")


def test_a_person_who_ends_the_canary_ends_the_retraining(here, engineer):
    row = in_canary(here)
    traffic.end(traffic.running(here.model).get(role="challenger"), actor=engineer)
    row = driver.advance(row)
    assert row.state == "held"
    assert untouched(here)


def test_it_waits_for_a_running_trial(here):
    trial = Trial.objects.create(model=here.model, name="two lists", metric="ndcg", state="running")
    row = driver.advance(gated(here))
    assert (row.state, row.sentence) == ("gate", "Passed the gate; waits for the trial two lists to end.")
    trial.delete()
    assert driver.advance(row).state == "canary"


def test_other_challengers_leave_no_room(here, engineer):
    other = judged_version(here.workspace, scores(0.4, seed=9), here.model)
    promotion.promote(other, actor=engineer, to_stage="staging")
    other.refresh_from_db()
    traffic.deploy(other, role="challenger", share=0.98, actor=engineer)
    row = driver.advance(gated(here, besides=other))
    assert row.state == "held"
    assert "share" in row.sentence


def test_who_began_it_must_still_be_allowed_to(here, engineer):
    row = gated(here, actor=engineer)
    engineer.memberships.all().delete()
    row = driver.advance(row)
    assert row.state == "held"
    assert "may not deploy" in row.sentence
    assert untouched(here)
