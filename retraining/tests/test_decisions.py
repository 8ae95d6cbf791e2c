"""A decision is stored with all it was made from; proposals, brakes, and many who ask at once."""

import datetime as dt
import threading

import pytest
from django.db import connection
from django.utils import timezone

from experiments.models.job import JobStateError
from experiments.services.spec import Refused
from experiments.tests.factories import make_workspace
from experiments.tests.versions import make_version_row
from mlopspro.accounts.models import AuditEntry
from retraining.models import Decision, Retraining
from retraining.policy.decide import decide as pure
from retraining.policy.inputs import Inputs
from retraining.policy.policy import Policy
from retraining.services import decisions, kill_switch, policies
from retraining.tests.scene import agree, drifted, live_model, make_check, well

pytestmark = pytest.mark.django_db
OPEN = Decision.Answer.OPEN


@pytest.fixture
def model(db):
    return live_model(make_workspace()).model


def decide(model, **options):
    return decisions.decide(model, through="api", **options)


def test_without_checks_there_is_not_enough_data(model):
    made = decide(model)
    assert (made.tier, made.action) == ("not_enough", "none")
    assert not Retraining.objects.exists()


def test_what_is_well_is_monitored(model):
    agree(model, performance__on=False)
    well(model)
    assert (decide(model).tier, decide(model).action) == ("monitor", "none")


def test_drift_is_proposed_once_and_says_why(model):
    well(model)
    drifted(model)
    made = decide(model)
    assert (made.tier, made.action, made.answer) == ("consider_soon", "propose", OPEN)
    assert any(
        "Data drift is 0.500, above the agreed 0.300 (5,000 predictions" in one for one in made.document["reasons"]
    )
    again = decide(model)
    assert (again.action, again.answer) == ("none", "")
    assert [one["brake"] for one in again.document["held"]] == ["open_retraining"]
    assert Decision.objects.filter(model=model, answer=OPEN).get() == made


def test_the_stored_inputs_and_policy_give_the_stored_decision_again(model):
    well(model)
    drifted(model)
    made = decide(model)
    again = pure(Policy.from_json(made.policy), Inputs.from_json(made.inputs))
    assert again.to_json() == made.document


@pytest.mark.parametrize("through", ["page", "api", "command", "schedule"])
def test_who_asks_changes_nothing(model, through):
    agree(model, mode="off")
    well(model)
    drifted(model)
    now = timezone.now()
    made = decisions.decide(model, through=through, now=now)
    other = decisions.decide(model, through="other", now=now)
    assert made.document == other.document


def test_checks_that_somebody_asked_for_are_not_the_state_of_now(model):
    well(model)
    check = drifted(model)
    check.through = "page"
    check.save()
    assert decide(model).action == "none"


def test_automatic_begins_a_retraining(model):
    agree(model, mode="automatic")
    drifted(model)
    made = decide(model)
    begun = Retraining.objects.get()
    assert (made.action, begun.decision, begun.state, begun.model) == ("retrain", made, "composing", model)


def test_accepting_a_proposal_begins_it_and_dismissing_does_not(model):
    drifted(model)
    decisions.answer(decide(model), accept=False, actor=None)
    assert not Retraining.objects.exists()
    made = decide(model)
    decisions.answer(made, accept=True, actor=None)
    assert Retraining.objects.get().decision_id == made.pk
    with pytest.raises(JobStateError, match="waits no more: Accepted"):
        decisions.answer(made, accept=True, actor=None)
    assert AuditEntry.objects.filter(action="answer_proposal").count() == 2


def test_a_person_does_not_wait_for_signals_nor_for_the_cool_down(model):
    well(model)
    made = decide(model, by_hand=True)
    assert made.action == "retrain"
    Retraining.objects.update(state="held", ended_at=timezone.now())
    assert decide(model, by_hand=True).action == "retrain"


def test_the_kill_switch_holds_for_everybody(model):
    agree(model, mode="automatic")
    drifted(model)
    kill_switch.turn(model.workspace, on=True, actor=None, reason="A test.")
    for by_hand in (False, True):
        made = decide(model, by_hand=by_hand)
        assert (made.action, made.document["held"][0]["brake"]) == ("none", "kill_switch")
    kill_switch.turn(model.workspace, on=False, actor=None)
    assert decide(model).action == "retrain"


def test_the_installation_can_be_switched_off(model, settings):
    settings.AUTOMATION = False
    agree(model, mode="automatic")
    drifted(model)
    assert decide(model).action == "none"


def test_after_a_retraining_the_cool_down_and_the_daily_cap_hold(model):
    agree(model, mode="automatic", brakes__daily_cap=1)
    drifted(model)
    decide(model)
    Retraining.objects.update(state="held", ended_at=timezone.now())
    held = decide(model)
    assert held.action == "none"
    assert [one["brake"] for one in held.document["held"]] == ["cool_down", "daily_cap"]


def test_a_dry_run_stores_what_it_would_do(model):
    agree(model, mode="automatic", brakes__dry_run=True)
    drifted(model)
    made = decide(model)
    assert (made.document["wanted"], made.action) == ("retrain", "none")


def test_a_missed_slot_is_caught_up_once(model):
    agree(model, mode="automatic", brakes__cool_down_hours=0, performance__on=False)
    well(model)
    row = policies.of(model).row
    row.schedule_since = timezone.now() - dt.timedelta(days=30)
    row.save()
    made = decide(model)
    assert made.action == "retrain"
    assert made.slot is not None
    Retraining.objects.update(state="held", ended_at=timezone.now())
    assert decide(model).action == "none"


def test_without_production_nothing_is_decided():
    version = make_version_row(make_workspace(), "Idle")
    with pytest.raises(Refused, match="no version in production"):
        decide(version.model)


@pytest.mark.django_db(transaction=True)
def test_a_hundred_breaches_at_once_begin_one_retraining():
    model = live_model(make_workspace()).model
    agree(model, mode="automatic")
    drifted(model)
    failures = []

    def ask():
        try:
            for _ in range(10):
                decide(model)
        except Exception as error:  # pragma: no cover - a failure is told below
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failures == []
    assert Retraining.objects.count() == 1
    assert Decision.objects.filter(model=model).count() == 100


def test_the_schedule_decides_on_each_live_model_once_an_interval(model, settings):
    other = live_model(model.workspace, "Songs").model
    assert decisions.decide_due().decided == 2
    assert decisions.decide_due().decided == 0
    later = timezone.now() + dt.timedelta(seconds=settings.DECIDE_SECONDS + 1)
    assert decisions.decide_due(later).decided == 2
    assert Decision.objects.filter(model=other, through="schedule").count() == 2


def test_a_model_that_cannot_be_decided_on_stops_no_other(model):
    broken = live_model(model.workspace, "Broken").model
    policies.change(broken, {"drift.above": 0.4}, actor=None)
    type(policies.of(broken).row).objects.filter(model=broken).update(document={"drift": {"above": 7}})
    done = decisions.decide_due()
    assert (done.decided, done.failed) == (1, 1)
    assert Decision.objects.filter(model=model).exists()


def test_the_last_decision_of_each_day_stays(model):
    day = timezone.now() - dt.timedelta(days=100)
    for minutes in range(3):
        decisions.decide(model, through="schedule", now=day.replace(hour=5) + dt.timedelta(minutes=minutes))
    decisions.decide(model, through="page", now=day)
    assert decisions.drop_old() == 2
    assert Decision.objects.filter(model=model).count() == 2


def test_a_change_names_what_is_not_accepted_and_is_audited(model):
    with pytest.raises(Refused) as refused:
        policies.change(model, {"drift.above": 3}, actor=None)
    assert [(one.field, one.message) for one in refused.value.problems] == [
        ("drift.above", "a number at least 0 and at most 1 is accepted, got 3.0.")
    ]
    with pytest.raises(Refused, match=r"plan\.data\.minimum_new"):
        policies.change(model, {"plan.data.minimum_new": 0}, actor=None)
    changed = policies.change(model, {"drift.above": 0.4, "plan.promote": "ask"}, actor=None, reason="Quieter.")
    assert (changed.policy.drift.above, changed.plan.promote, changed.revision) == (0.4, "ask", 2)
    entry = AuditEntry.objects.get(action="change_policy")
    assert (entry.before, entry.after) == (
        {"drift.above": 0.3, "plan.promote": "automatic"}, {"drift.above": 0.4, "plan.promote": "ask"},
    )  # fmt: skip
    with pytest.raises(Refused, match="changed meanwhile"):
        policies.change(model, {"drift.above": 0.5}, actor=None, seen=1)


def test_a_small_sample_fires_nothing(model):
    make_check(model, "drift", 0.9, findings={"scores": (0.4, 20)})
    made = decide(model)
    assert (made.tier, made.action) == ("not_enough", "none")
    assert any("20 of 500" in one for one in made.document["reasons"])
