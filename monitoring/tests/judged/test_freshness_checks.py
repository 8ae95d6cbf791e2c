"""Freshness: silence is stale, a version that was never asked too; what is not known is said and never fine."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from experiments.models import Dataset, Deployment
from experiments.tests.versions import make_model_row
from mlopspro.testing.people import make_workspace
from monitoring.models import StaleMinute
from monitoring.services import freshness_checks, monitoring_settings, windows
from monitoring.services.scene import scene_of
from monitoring.tests.windows_scene import make_source, put, react, row

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def source():
    return make_source(make_workspace())


def judged(source, now=None):
    found = freshness_checks.judge(scene_of(source.model, now))
    return found, {one.signal: one for one in found.findings}


def answer(source, ago, **feedback):
    (one,) = put(source, [row(timezone.now() - ago)])
    if feedback:
        react(source, one, "click", "a")
    windows.refresh(busy_pause=0)


def test_traffic_of_a_moment_ago_is_fresh(source):
    answer(source, dt.timedelta(minutes=5), told=True)
    found, findings = judged(source)
    assert found.verdict == "ok"
    assert 300 <= found.score < 400
    assert found.sentence.startswith("The last prediction was 5")
    assert findings["freshness"].threshold == 3600
    assert findings["freshness.feedback"].verdict == "ok"


def test_silence_is_to_be_acted_on_from_the_limit_of_the_settings_on(source):
    answer(source, 2 * HOUR)
    found, _ = judged(source)
    assert found.verdict == "not_enough"  # the version has only just gone live
    assert "Live for" in found.sentence
    Deployment.objects.update(started_at=timezone.now() - 30 * HOUR)
    found, _ = judged(source)
    assert found.verdict == "act"
    assert "No prediction for 2" in found.sentence
    monitoring_settings.change(source.model, {"fresh_within_seconds": 3 * 3600}, actor=None)
    assert judged(source)[0].verdict == "ok"


def test_a_version_that_has_just_gone_live_was_not_asked_yet(source):
    found, findings = judged(source)
    assert found.verdict == "not_enough"
    assert "not asked yet" in found.sentence
    assert findings["freshness.feedback"].value is None
    Deployment.objects.update(started_at=timezone.now() - 3 * HOUR)
    found, _ = judged(source)
    assert found.verdict == "act"
    assert "never asked" in found.sentence


def test_rows_that_wait_to_be_counted_are_no_silence(source):
    Deployment.objects.update(started_at=timezone.now() - 30 * HOUR)
    answer(source, 2 * HOUR)
    StaleMinute.objects.create(source=source, minute=timezone.now() - dt.timedelta(minutes=3))
    found, _ = judged(source)
    assert found.verdict == "not_enough"
    assert "wait to be counted" in found.sentence


def test_feedback_that_stayed_away_for_longer_than_is_analysed_is_to_be_watched(source):
    answer(source, 30 * HOUR, told=True)
    answer(source, dt.timedelta(minutes=5))
    found, findings = judged(source)
    assert (found.verdict, findings["freshness.feedback"].verdict) == ("watch", "watch")
    assert "so quality is not judged" in found.sentence


def test_no_feedback_at_all_is_not_enough_and_leaves_traffic_alone(source):
    answer(source, dt.timedelta(minutes=5))
    found, findings = judged(source)
    assert found.verdict == "ok"
    assert findings["freshness.feedback"].verdict == "not_enough"


def test_training_data_is_shown_and_decides_nothing(source):
    answer(source, dt.timedelta(minutes=5))
    now = timezone.now()
    data = Dataset.objects.filter(pk=source.version.dataset_id)
    data.update(last_at=now - dt.timedelta(days=100))
    found, findings = judged(source)
    training = findings["freshness.training"]
    assert found.verdict == "ok"
    assert (training.verdict, training.detail["decides"]) == ("watch", False)
    assert training.value == pytest.approx(100 * 86400, rel=1e-3)
    data.update(last_at=dt.datetime(1998, 4, 22, tzinfo=dt.UTC))  # a historical set counts from its import
    assert judged(source)[1]["freshness.training"].verdict == "ok"


def test_clocks_that_disagree_make_no_negative_age(source):
    put(source, [row(timezone.now() + dt.timedelta(seconds=50))])
    windows.refresh(busy_pause=0)
    assert judged(source)[0].score >= 0


def test_a_moment_that_is_past_knows_nothing_of_what_came_later(source):
    Deployment.objects.update(started_at=timezone.now() - 30 * HOUR)
    answer(source, 5 * HOUR)
    answer(source, dt.timedelta(minutes=5))
    found, _ = judged(source, timezone.now() - 2 * HOUR)
    assert found.verdict == "act"
    assert found.score == pytest.approx(3 * 3600, abs=120)


def test_what_was_never_live_and_never_asked_is_no_area():
    assert freshness_checks.judge(scene_of(make_model_row(make_workspace(), "Idle"))) is None
