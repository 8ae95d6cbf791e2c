"""References of real versions: made of their own answers, pinned from the log, and windows recounted against them."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from django.core.cache import cache
from django.utils import timezone

from experiments.services.spec import Refused
from experiments.tests.registered import make_model, make_version
from experiments.tests.tables_stored import stored_table
from experiments.tests.versions import make_live, make_version_row
from mlopspro.accounts.models import AuditEntry
from mlopspro.serving.lists import list_of
from mlopspro.serving.versions import load
from mlopspro.testing.people import make_workspace
from monitoring.models import Check, Reference, Source, StaleMinute, Verdict, Window
from monitoring.selectors.windows import period
from monitoring.services import drift_checks, judging, monitoring_settings, references, windows
from monitoring.services.scene import scene_of
from monitoring.services.sources import source_of
from monitoring.services.window_writes import Writer, floor
from monitoring.summaries.measures import summarise
from monitoring.summaries.rows import Rows
from monitoring.tests.windows_scene import put, row, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def version():
    made = make_version(make_workspace(), "Films", architecture="item_knn")
    make_live(made)
    return made


def traffic(version, n=900, *, start=None, **changed):
    """The version's own answers to its users in turn, a second apart, in the log of the last hour."""
    reference = references.ensure(version)
    model = load(version).recommender
    source = source_of(model=version.model, version=version, role="champion")
    begin = start or floor(timezone.now(), 60) - dt.timedelta(seconds=n)
    users = [str(model.catalogue.user_ids[code]) for code in range(model.catalogue.num_users)]
    rows = []
    for number in range(n):
        found = list_of(model, users[number % len(users)], 10)
        values = {"user": users[number % len(users)], "history": found.history, "fallback": found.fallback,
                  "items": [one.item for one in found.items], "scores": [one.score for one in found.items],
                  "confidence": found.confidence}  # fmt: skip
        rows.append(row(begin + dt.timedelta(seconds=number), **(values | changed)))
    put(source, rows)
    windows.refresh(30, busy_pause=0)
    return source, rows, reference


def judged(version):
    return drift_checks.judge(scene_of(version.model))


def test_a_training_reference_is_what_the_version_answers(version):
    made = references.ensure(version)
    assert references.ensure(version) == made == references.active(version)
    assert made.kind == Reference.Kind.TRAINING
    signals = made.profile["signals"]
    assert {"exposure", "activity", "scores", "overlap", "new_users", "list_length"} <= signals.keys()
    assert made.profile["about"]["answered"] == signals["new_users"]["size"] > 0
    assert made.profile["users"]["people"] is True
    assert AuditEntry.objects.filter(action="activate_reference", object_id=str(version.pk)).count() == 1


def test_the_judges_round_makes_the_reference_of_a_version_that_went_live(version):
    done = judging.judge_due()
    assert (done.models, done.failed) == (1, 0)
    found = Check.objects.get(model=version.model, area=Check.Area.DRIFT)
    assert found.reference == references.active(version)
    assert (found.verdict, found.score) == (Verdict.NOT_ENOUGH, None)


def test_a_version_that_cannot_answer_says_why_and_is_not_enough():
    version = make_version_row(make_workspace(), "Films")
    make_live(version)
    assert references.ensure(version) is None
    assert "could not answer its own newest data" in references.why_none(version)
    found = judged(version)
    assert (found.verdict, found.score, found.findings) == (Verdict.NOT_ENOUGH, None, [])
    assert found.sentence.startswith("Drift is not judged. The version could not")
    cache.delete(f"no-reference:{version.pk}")
    assert "being made" in references.why_none(version)


def test_own_traffic_is_judged_and_has_not_moved(version):
    source, _, reference = traffic(version)
    found = judged(version)
    assert (found.verdict, found.score, found.reference) == (Verdict.OK, 0.0, reference)
    assert found.sentence == (
        f"None of {len([one for one in reference.profile['signals'] if one != 'list_length'])} signals moved "
        "(900 predictions of 120 users, last 24 hours, against the training reference)."
    )
    deciding = [one for one in found.findings if one.detail["decides"]]
    assert {one.signal for one in deciding} == set(reference.profile["signals"])
    assert all(abs(sum(one.detail["current"]) - 1) < 1e-4 for one in deciding if "current" in one.detail)
    assumed = next(one for one in deciding if one.signal == "list_length")
    assert (assumed.verdict, assumed.detail["reason"]) == (Verdict.NOT_ENOUGH, "no_reference")
    assert Window.objects.filter(source=source, level=86400).count() in (1, 2)


def test_drift_is_named_with_its_figures(version):
    traffic(version, history=None, fallback=True)
    found = judged(version)
    assert found.verdict == Verdict.ACT
    assert found.score > 0.3
    assert "share of new users 100.0% against 0.0%" in found.sentence
    assert found.sentence.startswith(f"Drift score {found.score:.2f}, limit 0.30: ")
    shares = next(one for one in found.findings if one.signal == "new_users" and one.detail["decides"])
    assert (shares.verdict, shares.detail["labels"]) == (Verdict.ACT, ["no", "yes", "missing"])
    assert shares.detail["current"] == [0.0, 1.0, 0.0]


def test_too_little_traffic_and_too_few_users_are_not_enough(version):
    traffic(version, 100)
    found = judged(version)
    assert found.verdict == Verdict.NOT_ENOUGH
    assert found.sentence == (
        "Not enough traffic to judge drift: 100 predictions in the last 24 hours, 500 needed (400 more)."
    )
    assert {one.verdict for one in found.findings} == {Verdict.NOT_ENOUGH}
    traffic(version, 600, start=floor(timezone.now(), 60) - dt.timedelta(seconds=1200), user="one")
    found = judged(version)
    assert found.verdict == Verdict.NOT_ENOUGH
    assert found.sentence.startswith("Not enough users to judge drift: the 700 predictions of the last 24 hours weigh")


def test_windows_count_what_the_pure_measures_do_and_again_the_same(version):
    source, rows, reference = traffic(version, 120)
    context = Writer(source).reference
    assert context.key == reference.pk.hex
    found = stored(source, 60)
    for start, window in found.items():
        own = [one for one in rows if start <= one["at"] < start + dt.timedelta(minutes=1)]
        expected = summarise(Rows.of(own, reference=context))
        assert window.summary["drift"] == expected["drift"]
        assert window.summary["by_popularity"] == expected["by_popularity"]
    before = list(Window.objects.order_by("pk").values_list("summary", "revision"))
    windows.recompute(source, rows[0]["at"], timezone.now())
    assert list(Window.objects.order_by("pk").values_list("summary", "revision")) == before


def test_a_pinned_stretch_recounts_two_days_of_the_log(version):
    source, rows, training = traffic(version)
    old = rows[0]["at"] - dt.timedelta(days=3)
    put(source, [row(old, user="u", items=["1"])])
    windows.refresh(30, busy_pause=0)
    pinned = references.pin(version, period("24h"), actor=None)
    assert references.active(version) == pinned
    assert (pinned.kind, pinned.profile["about"]["answered"]) == (Reference.Kind.PINNED, 900)
    assert pinned.profile["items"] == training.profile["items"]
    minutes = {floor(one["at"], 60) for one in rows}
    assert set(StaleMinute.objects.values_list("minute", flat=True)) == minutes
    windows.refresh(30, busy_pause=0)
    assert {key for one in stored(source, 3600).values() for key in one.summary["drift"]} == {
        pinned.pk.hex, training.pk.hex,  # the old hour stays as it was counted
    }  # fmt: skip
    found = judged(version)
    assert found.verdict == Verdict.OK
    assert "against the traffic of" in found.sentence
    assert {one.signal for one in found.findings if one.verdict == Verdict.OK} >= {"list_length"}
    references.activate(training, actor=None)
    references.activate(training, actor=None)
    assert references.active(version) == training
    assert AuditEntry.objects.filter(action="activate_reference", object_id=str(version.pk)).count() == 3


def test_a_stretch_with_too_little_or_without_its_log_is_not_pinned(version):
    source, _, training = traffic(version, 100)
    with pytest.raises(Refused, match="has 100 answered predictions; accepted: 500 or more"):
        references.pin(version, period("24h"), actor=None)
    monitoring_settings.change(version.model, {"minimum_sample": 50}, actor=None)
    gone = floor(timezone.now(), 86400) - dt.timedelta(days=200)
    Window.objects.create(source=source, level=86400, start=gone, predictions=9, computed_at=timezone.now())
    with pytest.raises(Refused, match="is no longer here"):
        references.pin(version, period(start=gone, end=gone + dt.timedelta(days=1)), actor=None)
    assert references.active(version) == training


def test_clocks_that_disagree_count_where_they_say_they_are(version):
    """Predictions dated an hour ahead lie in windows of their own and are judged when their time has come."""
    _, rows, _ = traffic(version, 60, start=floor(timezone.now(), 60) + dt.timedelta(hours=1))
    now = scene_of(version.model)
    later = scene_of(version.model, rows[-1]["at"])
    counted = [one.current_size for one in drift_checks.judge(later).findings if one.signal == "new_users"]
    assert counted == [60]
    assert [one.current_size for one in drift_checks.judge(now).findings if one.signal == "new_users"] in ([0], [60])


@pytest.mark.parametrize(
    ("family", "learner"),
    [("next_best_action", "action_logistic"), ("pricing", "log_log_elasticity"), ("forecasting", "seasonal_naive")],
)
def test_models_on_tables_have_references_of_their_rows(family, learner):
    workspace = make_workspace()
    data = stored_table(workspace, family)
    version = make_version(workspace, make_model(workspace, family, family=family), dataset=data, architecture=learner)
    made = references.ensure(version)
    assert made is not None, references.why_none(version)
    columns = {name for name in made.profile["signals"] if name.startswith("feature.")}
    assert columns
    assert "prediction" in made.profile["signals"]
    assert made.profile["users"]["people"] is (family == "next_best_action")
    assert all(math.isfinite(one["size"]) and one["size"] > 0 for one in made.profile["signals"].values())
    assert Source.objects.filter(version=version).count() == 0
