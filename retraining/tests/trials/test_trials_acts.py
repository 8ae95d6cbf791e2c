"""Drafting, starting, stopping and winning: what is refused, what is written down, and many who start at once."""

import datetime as dt
import threading

import pytest
from django.db import connection

from experiments.models import Deployment, ModelVersion, RegisteredModel
from experiments.models.job import JobStateError
from experiments.services import locks, promotion, traffic
from experiments.services.deployments import champion
from experiments.services.promotion import PromotionRefused
from experiments.services.spec import Refused
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Role
from mlopspro.accounts.services import audit
from mlopspro.testing.people import make_member, make_workspace
from retraining.models import Retraining, Trial, TrialReading
from retraining.services import trial_readings, trials
from retraining.tests.trial_scene import begun, flow, stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(db):
    return stage(make_workspace(), 0.2, 0.1)


@pytest.fixture
def engineer(here):
    return make_member(here.workspace, Role.ENGINEER)


def drafted(here, actor=None, **fields):
    return trials.draft(here.model, here.document(**fields), actor=actor)


def actions(here):
    return list(
        AuditEntry.objects.filter(object_type="retraining.trial").order_by("pk").values_list("action", flat=True)
    )


def beside(here):
    return {one.version.number: (one.role, one.share, one.salt) for one in traffic.running(here.model)}


def test_a_draft_changes_nobodys_answers(here, engineer):
    trial = drafted(
        here, engineer, variants=["1.0.1", str(here.versions["1.0.2"].pk)], shares={"1.0.1": 0.2, "1.0.2": 0.3}
    )
    assert (trial.state, trial.created_by, trial.plan["planned_users"]) == ("draft", engineer, 1000)
    assert {one.version.number: one.share for one in trial.arms.all()} == {"1.0.1": 0.2, "1.0.2": 0.3}
    assert list(beside(here)) == ["1.0.0"]
    trials.change(trial, here.document(name="three lists", control_share=0.8), actor=engineer)
    trial.refresh_from_db()
    assert trial.name == "three lists"
    assert [one.share for one in trial.arms.all()] == [pytest.approx(0.2)]
    trials.delete(trial, actor=engineer)
    assert not Trial.objects.exists()
    assert actions(here) == ["draft_trial", "change_trial", "delete_trial"]


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 121}),
        ("kind", {"kind": "both"}),
        ("method", {"method": "peeking"}),
        ("metric", {"metric": "absolute_error"}),
        ("metric", {"metric": "ndcg", "kind": "interleaving"}),
        ("variants", {"variants": []}),
        ("variants", {"variants": ["1.0.0"]}),
        ("variants", {"variants": ["9.9.9"]}),
        ("variants", {"variants": ["1.0.1", "1.0.1"]}),
        ("variants", {"variants": ["1.0.1", "1.0.2"], "kind": "interleaving", "metric": "credit"}),
        ("shares", {"shares": {"1.0.1": 1.0}}),
        ("shares", {"shares": {"1.0.1": float("nan")}}),
        ("shares", {"shares": {"1.0.1": 0.1, "1.0.2": 0.1}}),
        ("control_share", {"control_share": 0}),
        ("control_share", {"shares": {"1.0.1": 0.1}, "control_share": 0.5}),
        ("alpha", {"alpha": 0.9}),
        ("planned_users", {"planned_users": 3}),
        ("planned_users", {"planned_users": 0}),
        ("days", {"days": 1000}),
        ("guards.slow_ms", {"guards": {"slow_ms": -1}}),
        ("colour", {"colour": "red"}),
    ],
)
def test_what_is_wrong_is_named_by_its_field(here, field, fields):
    with pytest.raises(Refused) as refused:
        drafted(here, **fields)
    assert [one.field for one in refused.value.problems] == [field]
    assert not Trial.objects.exists()


def test_a_name_is_used_once(here):
    drafted(here)
    with pytest.raises(Refused, match="another name"):
        drafted(here)


def test_it_starts_whole(here, engineer):
    trial = trials.start(drafted(here, variants=["1.0.1", "1.0.2"]), actor=engineer)
    assert trial.state == "running"
    third = pytest.approx(1 / 3)
    assert beside(here) == {
        "1.0.0": ("champion", 1.0, ""),
        "1.0.1": ("challenger", third, trial.salt),
        "1.0.2": ("challenger", third, trial.salt),
    }
    arms = {one.version.number: one for one in trial.arms.all()}
    assert arms["1.0.0"].is_control
    assert arms["1.0.0"].share == third
    assert all(one.deployment is not None for one in arms.values())
    assert set(ModelVersion.objects.filter(pk__in=[arms["1.0.1"].version_id]).values_list("stage", flat=True)) == {
        "staging"
    }
    assert trial.planned_end - trial.started_at == dt.timedelta(days=1)
    assert actions(here) == ["draft_trial", "start_trial"]
    with pytest.raises(JobStateError, match="is running"):
        trials.start(trial, actor=engineer)


def test_it_does_not_start_beside_another_trial_a_canary_or_a_challenger(here):
    first, second = drafted(here), drafted(here, name="another", variants=["1.0.2"])
    trials.start(first, actor=None)
    with pytest.raises(JobStateError, match="two lists of films runs"):
        trials.start(second, actor=None)
    trials.stop(first, actor=None)
    row = Retraining.objects.create(model=here.model, base=here.versions["1.0.0"], state="canary")
    with pytest.raises(JobStateError, match="canary"):
        trials.start(second, actor=None)
    row.delete()
    by_hand = traffic.deploy(
        ModelVersion.objects.get(pk=here.versions["1.0.1"].pk), role="challenger", share=0.1, actor=None
    )
    with pytest.raises(JobStateError, match="answers 10 % of the users as challenger"):
        trials.start(second, actor=None)
    traffic.end(by_hand, actor=None)
    RegisteredModel.objects.filter(pk=here.model.pk).update(exploration=0.1)
    with pytest.raises(JobStateError, match=r"10 % of the champion's lists end in an item drawn at random"):
        trials.start(second, actor=None)
    RegisteredModel.objects.update(exploration=0.0)
    assert trials.start(second, actor=None).state == "running"


def test_without_production_it_does_not_start_and_nothing_is_half(here):
    trial = drafted(here)
    promotion.move(ModelVersion.objects.get(pk=here.versions["1.0.0"].pk), actor=None, to_stage="archived")
    with pytest.raises(JobStateError, match="nothing to compare with"):
        trials.start(trial, actor=None)
    trial.refresh_from_db()
    assert (trial.state, trial.salt, trial.arms.count()) == ("draft", "", 1)
    assert here.model.versions.get(pk=here.versions["1.0.1"].pk).stage == "development"


def test_a_version_that_cannot_answer_leaves_everything_as_it_was(here):
    trial = drafted(here, variants=["1.0.1", "1.0.2"])
    (here.versions["1.0.2"].path / "model.json").unlink()
    with pytest.raises(JobStateError, match=r"1\.0\.2 cannot answer users"):
        trials.start(trial, actor=None)
    assert list(beside(here)) == ["1.0.0"]
    assert here.model.versions.get(pk=here.versions["1.0.1"].pk).stage == "development"
    assert Trial.objects.get(pk=trial.pk).state == "draft"


def test_stopping_reads_once_more_and_gives_the_users_back(here, engineer):
    trial = begun(here)
    flow(here, "1.0.0", [f"a{n}" for n in range(120)], 0.5)
    stopped = trials.stop(trial, actor=engineer, reason="enough")
    assert (stopped.state, list(beside(here))) == ("ended", ["1.0.0"])
    assert stopped.verdict["users"] == 120
    assert stopped.verdict["ended"].endswith("enough")
    assert actions(here)[-1] == "end_trial"
    with pytest.raises(JobStateError, match="is ended"):
        trials.stop(stopped, actor=engineer)
    with pytest.raises(JobStateError, match="is ended"):
        trial_readings.read(stopped)


def won(here, **document):
    trial = begun(here, **document)
    flow(here, "1.0.0", [f"a{n}" for n in range(300)], 0.2)
    flow(here, "1.0.1", [f"b{n}" for n in range(300)], 0.6)
    trial_readings.read(trial)
    return trial


def test_the_winner_goes_into_production_though_the_gate_said_no(db):
    here = stage(make_workspace(), -0.1)
    trial = won(here)
    change = trials.promote(trial, actor=None, reason="the team agrees")
    trial.refresh_from_db()
    assert champion(here.model).number == "1.0.1"
    assert (change.through, change.forced) == ("trial", True)
    assert change.reason.startswith("Won the trial two lists: 1.0.1 wins")
    assert (trial.state, trial.winner.number) == ("ended", "1.0.1")
    assert list(beside(here)) == ["1.0.1"]


def test_what_is_not_the_gates_still_refuses(here):
    trial = won(here)
    (here.versions["1.0.1"].path / "model.json").unlink()
    with pytest.raises(PromotionRefused, match=r"model\.json"):
        trials.promote(trial, actor=None)
    trial.refresh_from_db()
    assert (trial.state, champion(here.model).number) == ("running", "1.0.0")
    assert "1.0.1" in beside(here), "nothing was ended"


def test_without_a_winner_there_is_nothing_to_promote(db):
    here = stage(make_workspace(), -0.1)
    trial = begun(here)
    with pytest.raises(JobStateError, match="has no winner"):
        trials.promote(trial, actor=None)
    with pytest.raises(PromotionRefused):
        trials.promote(trial, actor=None, version=here.versions["1.0.1"])
    with pytest.raises(JobStateError, match="in production already"):
        trials.promote(trial, actor=None, version=here.versions["1.0.0"])
    assert Trial.objects.get(pk=trial.pk).state == "running"


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_start_at_once_one_does():
    here = stage(make_workspace(), 0.2, 0.1)
    rows = [drafted(here, name=f"trial {n}", variants=[f"1.0.{1 + n % 2}"]) for n in range(10)]
    gate, said = threading.Barrier(20), []

    def start(trial):
        gate.wait()
        try:
            trials.start(trial, actor=None)
            said.append("started")
        except JobStateError as error:
            said.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=start, args=(one,)) for one in rows * 2]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert said.count("started") == 1
    assert all("runs" in one or "running" in one for one in said if one != "started")
    assert Trial.objects.filter(state="running").count() == 1
    assert Deployment.objects.filter(role="challenger", ended_at__isnull=True).count() == 1


class Killed(BaseException):
    """As if the process were gone."""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("act", "last"), [("start", "start_trial"), ("stop", "end_trial"), ("promote", "promote_model")]
)
def test_killed_at_the_end_of_an_act_nothing_of_it_is_there(monkeypatch, act, last):
    """The last thing an act does is to write itself down; killed there, the trial and the traffic are as before."""
    here = stage(make_workspace())
    trial = drafted(here) if act == "start" else won(here)
    if act == "start":
        promotion.promote(here.versions["1.0.1"], actor=None, to_stage="staging")
    before = beside(here), trial_readings.fresh(trial).state
    record = audit.record

    def killed(*, action, **fields):
        if action == last:
            raise Killed
        return record(action=action, **fields)

    monkeypatch.setattr(audit, "record", killed)
    with pytest.raises(Killed):
        getattr(trials, act)(trial, actor=None)
    assert (beside(here), trial_readings.fresh(trial).state) == before
    monkeypatch.undo()
    getattr(trials, act)(trial, actor=None)
    assert trial_readings.fresh(trial).state == ("running" if act == "start" else "ended")


@pytest.mark.django_db(transaction=True)
def test_killed_while_harm_is_stopped_the_next_reading_stops_it(monkeypatch):
    here = stage(make_workspace())
    trial = won(here)
    flow(here, "1.0.0", [f"c{n}" for n in range(300)], 0.2)
    flow(here, "1.0.1", [f"d{n}" for n in range(300)], 0.6, slow=1.0)

    def killed(*args, **fields):
        raise Killed

    monkeypatch.setattr(TrialReading.objects, "get_or_create", killed)
    with pytest.raises(Killed):
        trial_readings.read(trial)
    assert "1.0.1" in beside(here)
    assert trial.readings.count() == 1
    monkeypatch.undo()
    assert trial_readings.read(trial).verdict["harmful"] == ["1.0.1"]
    assert list(beside(here)) == ["1.0.0"]


@pytest.mark.django_db(transaction=True)
def test_one_reader_at_a_time():
    here = stage(make_workspace())
    trial = begun(here)
    held, done = threading.Event(), threading.Event()

    def hold():
        with locks.held(trial_readings.LOCK_CLASS, trial.pk.int):
            held.set()
            done.wait()
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    held.wait()
    try:
        with pytest.raises(JobStateError, match="is being read now"):
            trial_readings.read(trial)
        assert trial_readings.read_due(20) == 0
    finally:
        done.set()
        other.join()
    assert trial_readings.read_due(20) == 1
