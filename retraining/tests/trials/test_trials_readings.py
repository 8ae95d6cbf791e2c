"""Readings through the whole path: A/A, a broken split, harm, ends that others brought about, once-only verdicts."""

import datetime as dt
import json
from types import SimpleNamespace

import numpy as np
import pytest
from django.utils import timezone

from experiments.models import Deployment, ModelVersion
from experiments.models.job import JobStateError
from experiments.services import promotion, traffic
from mlopspro.accounts.models import AuditEntry
from mlopspro.serving.traffic import Split
from mlopspro.testing.people import make_workspace
from monitoring.services.log_rows import write_predictions
from retraining.models import Trial, TrialReading
from retraining.services import trial_readings, trial_rows, trials
from retraining.tasks import read_trials
from retraining.tests.trial_scene import answer, begun, flow, stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(db):
    return stage(make_workspace(), 0.2, 0.1)


def people(name, number):
    return [f"{name}{n}" for n in range(number)]


def both(here, number=300, first=0.5, second=0.5, **fields):
    flow(here, "1.0.0", people("a", number), first, seed=1)
    flow(here, "1.0.1", people("b", number), second, seed=2, **fields)


def test_of_the_same_list_twice_nobody_wins(here):
    """A/A: users are divided by the product's own split, one reading an hour, and what is seen is seeded."""
    trial = begun(here, hours=7, planned_users=1200)
    rows = list(Deployment.objects.filter(model=here.model, ended_at__isnull=True).select_related("version"))
    split = Split.of(here.model.pk, rows)
    users = [f"user {n}" for n in range(1200)]
    owner = {user: split.owner(user).version.number for user in users}
    seen = []
    for hour in range(3):
        chosen = users[400 * hour : 400 * (hour + 1)]
        for number in ("1.0.0", "1.0.1"):
            flow(here, number, [one for one in chosen if owner[one] == number], 0.3, seed=10 * hour + int(number[-1]))
        seen.append(trial_readings.read(trial, timezone.now() + dt.timedelta(seconds=hour)).verdict)
    assert [one["users"] for one in seen] == [400, 800, 1200]
    assert [one["winner"] for one in seen] == [None] * 3
    assert seen[-1]["outcome"] == "no_difference"
    assert not any(one["split"]["alarm"] for one in seen)
    assert trial_readings.overtaken(trial_readings.fresh(trial)) == ""


def test_a_tenth_of_the_users_of_one_arm_lost_is_flagged(here):
    trial = begun(here, planned_users=1000)
    keep = np.random.default_rng(3).random(4000) >= 0.1
    flow(here, "1.0.0", people("a", 4000), 0.3)
    flow(here, "1.0.1", [user for user, kept in zip(people("b", 4000), keep, strict=True) if kept], 0.6)
    reading = trial_readings.read(trial)
    assert reading.verdict["outcome"] == "srm_broken"
    assert reading.verdict["split"]["alarm"]
    assert reading.verdict["winner"] is None
    with pytest.raises(JobStateError, match="has no winner"):
        trials.promote(trial, actor=None)


def test_a_variant_that_does_harm_is_stopped_at_once_and_the_others_go_on(here):
    trial = begun(here, variants=["1.0.1", "1.0.2"], control_share=0.34)
    both(here, slow=0.6)
    flow(here, "1.0.2", people("c", 300), 0.5, seed=3)
    reading = trial_readings.read(trial)
    assert reading.verdict["harmful"] == ["1.0.1"]
    stopped = {one["version"]: one["stopped"] for one in reading.arms}
    assert "over 200 ms" in stopped["1.0.1"]
    assert stopped["1.0.2"] == ""
    assert {one.version.number for one in traffic.running(here.model)} == {"1.0.0", "1.0.2"}
    assert AuditEntry.objects.filter(action="stop_trial_variant").count() == 1
    flow(here, "1.0.0", people("b", 100), 0.9, hours=0.0, seed=4)
    later = trial_readings.read(trial, timezone.now() + dt.timedelta(seconds=1))
    told = {one["version"]: one for one in later.arms}
    assert told["1.0.1"]["stopped"] == stopped["1.0.1"]
    assert told["1.0.1"]["users"] == 300
    assert told["1.0.0"]["users"] == 300, "who came back to the champion is no user of the control"
    assert later.verdict["left_out"]["returned"] == 100
    assert not later.verdict["split"]["alarm"]
    assert Trial.objects.get(pk=trial.pk).state == "running"
    assert AuditEntry.objects.filter(action="stop_trial_variant").count() == 1


def test_when_the_last_variant_is_stopped_the_trial_ends(here):
    trial = begun(here)
    both(here, failed=0.5)
    trial_readings.read(trial)
    trial.refresh_from_db()
    assert trial.state == "ended"
    assert "did harm" in trial.verdict["ended"]
    assert [one.version.number for one in traffic.running(here.model)] == ["1.0.0"]


def test_a_reading_at_a_moment_is_one_row(here):
    trial, now = begun(here), timezone.now()
    both(here, 120)
    first, second = trial_readings.read(trial, now), trial_readings.read(trial, now)
    assert first.pk == second.pk
    assert trial.readings.count() == 1
    json.dumps(first.verdict, allow_nan=False)
    json.dumps(first.arms, allow_nan=False)


def test_the_schedule_reads_what_is_due_and_a_long_reading_is_rarer(here, monkeypatch):
    trial = begun(here)
    assert read_trials() == 1
    trial.refresh_from_db()
    assert trial.next_reading_at - trial.readings.get().at >= dt.timedelta(seconds=60)
    assert read_trials() == 0
    reads = iter([0.0, 1000.0, 1009.0, 1009.0, 1009.0])
    monkeypatch.setattr(trial_readings, "time", SimpleNamespace(monotonic=lambda: next(reads)))
    later = timezone.now() + dt.timedelta(hours=1)
    assert trial_readings.read_due(20, later) == 1
    trial.refresh_from_db()
    assert trial.next_reading_at - later == dt.timedelta(seconds=180), "20 times the 9 s that it took"


def test_what_goes_wrong_with_one_is_its_trouble_and_holds_up_no_other(here, monkeypatch):
    trial = begun(here)
    both(here, 10)
    monkeypatch.setattr(trial_rows, "STATEMENT_TIMEOUT", "nonsense")
    assert trial_readings.read_due(20) == 0
    trial.refresh_from_db()
    assert "nonsense" in trial.trouble
    assert trial.next_reading_at > timezone.now() + dt.timedelta(minutes=4)
    monkeypatch.undo()
    assert trial_readings.read_due(20, timezone.now() + dt.timedelta(hours=1)) == 1
    trial.refresh_from_db()
    assert trial.trouble == ""


def ended(trial):
    assert trial_readings.read_due(20) == 1
    trial.refresh_from_db()
    assert trial.state == "ended"
    assert trial_readings.read_due(20, timezone.now() + dt.timedelta(days=1)) == 0
    return trial.verdict["ended"]


def test_somebody_ended_the_variant(here):
    trial = begun(here)
    both(here, 120)
    traffic.end(traffic.running(here.model).get(role="challenger"), actor=None)
    assert ended(trial) == "No variant answers users any more: 1.0.1 was ended."
    assert trial.verdict["users"] == 240, "what was seen until then is read"


def test_somebody_promoted_another_version(here):
    trial = begun(here)
    other = ModelVersion.objects.select_related("model").get(pk=here.versions["1.0.2"].pk)
    promotion.promote(other, actor=None, force=True, reason="an emergency of ours")
    assert ended(trial) == "1.0.2 went into production meanwhile."
    assert [one.version.number for one in traffic.running(here.model)] == ["1.0.2"]


def test_somebody_promoted_the_variant_by_hand(here):
    trial = begun(here)
    promotion.promote(here.model.versions.get(pk=here.versions["1.0.1"].pk), actor=None)
    assert ended(trial) == "1.0.1 was promoted by hand."


def test_production_was_archived(here):
    trial = begun(here)
    promotion.move(here.model.versions.get(pk=here.versions["1.0.0"].pk), actor=None, to_stage="archived")
    assert ended(trial) == "Nothing is in production any more."


def test_somebody_changed_a_share_and_the_split_is_judged_by_what_it_was_when(here):
    """200 users at half and half, then 300 at one to nine: together 370 and 130, not 250 and 250."""
    trial = begun(here)
    now = timezone.now()
    source = {number: here.source(number) for number in ("1.0.0", "1.0.1")}
    early, late = now - dt.timedelta(hours=5), now + dt.timedelta(seconds=60)
    write_predictions([answer(source["1.0.0" if n % 2 else "1.0.1"], f"e{n}", early) for n in range(200)])
    traffic.change_share(traffic.running(here.model).get(role="challenger"), 0.1, actor=None)
    write_predictions([answer(source["1.0.1" if n % 10 == 0 else "1.0.0"], f"l{n}", late) for n in range(300)])
    reading = trial_readings.read(trial, now + dt.timedelta(seconds=120))
    assert {one["version"]: one["users"] for one in reading.arms} == {"1.0.0": 370, "1.0.1": 130}
    assert "370 of 370" in reading.verdict["split"]["sentence"]
    assert reading.verdict["split"]["p_value"] == pytest.approx(1.0)


def test_a_fixed_horizon_speaks_once_at_its_end(here):
    trial = begun(here, method="fixed", planned_users=400, days=2)
    both(here, 300, 0.2, 0.6)
    now = timezone.now()
    early = trial_readings.read(trial, now).verdict
    assert (early["outcome"], early["winner"]) == ("not_enough", None)
    assert "read once, at its end on" in early["sentence"]
    assert early["variants"][0]["difference"]["p_value"] is None
    Trial.objects.filter(pk=trial.pk).update(planned_end=now)
    at_end = trial_readings.read(trial, now + dt.timedelta(seconds=1)).verdict
    assert at_end["winner"] == "1.0.1"
    flow(here, "1.0.0", people("d", 300), 0.5, seed=5)
    flow(here, "1.0.1", people("e", 300), 0.5, seed=6)
    later = trial_readings.read(trial, now + dt.timedelta(seconds=2)).verdict
    assert later["users"] == 1200
    assert (later["winner"], later["sentence"]) == ("1.0.1", at_end["sentence"])


def test_fewer_users_than_planned_at_the_end_is_said(here):
    trial = begun(here, planned_users=10_000)
    both(here, 150)
    Trial.objects.filter(pk=trial.pk).update(planned_end=timezone.now())
    assert trial_readings.read(trial).verdict["sentence"].endswith("Its planned end has passed.")


def test_old_readings_are_thinned_to_one_an_hour(here):
    trial, now = begun(here), timezone.now()
    hour = (now - dt.timedelta(days=4)).replace(minute=0, second=0, microsecond=0)
    times = [hour + dt.timedelta(minutes=10 * n) for n in range(12)] + [now - dt.timedelta(minutes=n) for n in (5, 9)]
    TrialReading.objects.bulk_create([TrialReading(trial=trial, at=at) for at in times])
    assert trial_readings.read_due(20, now) == 1
    kept = sorted(trial.readings.values_list("at", flat=True))
    assert kept == [times[5], times[11], times[13], times[12], now]


def test_who_has_no_name_and_who_met_two_versions_is_counted_apart(here):
    trial = begun(here)
    both(here, 120)
    at = timezone.now() - dt.timedelta(hours=1)
    champion, variant = here.source("1.0.0"), here.source("1.0.1")
    write_predictions([answer(champion, "", at), answer(variant, "", at), answer(variant, "a1", at)])
    reading = trial_readings.read(trial)
    left = reading.verdict["left_out"]
    assert (left["nameless"], left["crossed"]) == (2, 1)
    assert left["sentence"] == "Left out: 2 requests that name no user, 1 users who were answered by two versions."
    assert reading.verdict["users"] == 239


def test_the_first_seconds_count_for_nobody(here):
    """Until every process knows of the trial, users of a variant are answered by the champion."""
    trial = begun(here)
    write_predictions([answer(here.source("1.0.0"), "a", trial.started_at + dt.timedelta(seconds=2))])
    assert trial_readings.read(trial).verdict["users"] == 0
