"""Data quality from the log to the verdict: rows go in, windows count them, the check says what is unlike training."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from experiments.tests.versions import make_live, make_model_row, make_version_row
from mlopspro.testing.people import make_workspace
from monitoring.models import LogLoss, Source
from monitoring.services import data_checks, losses, monitoring_settings, windows
from monitoring.services.scene import scene_of
from monitoring.tests.judged.scenes import make_reference
from monitoring.tests.windows_scene import make_source, put, react, row

pytestmark = pytest.mark.django_db
COLUMNS = {
    "age": ([*range(20, 60)] * 10 + [None] * 4, "numeric"),
    "city": (["Rome", "Oslo", "Lima"] * 100, "categorical"),
}
FINE = {"age": 33, "city": "Oslo"}


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def table(workspace):
    """A source of a model on tables with a reference; few rows are enough to be judged."""
    model = make_model_row(workspace, "Prices", family="pricing")
    version = make_version_row(workspace, model)
    make_live(version)
    make_reference(version, COLUMNS)
    monitoring_settings.change(model, {"minimum_sample": 50}, actor=None)
    return Source.objects.create(workspace=workspace, model=model, version=version, role="champion")


def log(source, *features, each=20):
    """``each`` answers of numbers for each set of features, minutes ago."""
    now = timezone.now()
    given = [one for one in features for _ in range(each)]
    rows = [
        row(now - dt.timedelta(seconds=90 + at), items=None, value=1.0, features=one) for at, one in enumerate(given)
    ]
    put(source, rows)
    windows.refresh(busy_pause=0)


def judged(source):
    found = data_checks.judge(scene_of(source.model))
    return found, {(one.signal.removeprefix("feature."), one.statistic): one for one in found.findings}


def test_values_as_in_training_are_fine(table):
    log(table, FINE, {"age": 59, "city": "Lima"}, {"age": 20, "city": "Rome"})
    found, findings = judged(table)
    assert found.verdict == "ok"
    assert found.score == 0
    assert "6 checks of what comes in are within their limits (60 predictions, last 24 hours)" in found.sentence
    assert findings["age", "missing"].detail["expected"] == pytest.approx(4 / 404)
    assert findings["age", "missing"].current_size == 60
    assert {one.verdict for key, one in findings.items() if key[0] in COLUMNS} == {"ok"}


def test_missing_values_and_a_column_that_vanished(table):
    log(table, {"age": None, "city": "Oslo"}, {"age": 30, "city": ""}, {"city": "Oslo"}, {"age": 30})
    _, findings = judged(table)
    assert findings["age", "missing"].value == 0.5
    assert findings["city", "missing"].value == 0.5  # an empty text is none
    assert findings["age", "missing"].verdict == "act"
    log(table, *[{"city": "Oslo"}] * 20)
    found, findings = judged(table)
    assert findings["age", "missing"].value == pytest.approx(440 / 480)
    assert found.score == pytest.approx((440 / 480 - 4 / 404) / 0.05)


def test_a_column_that_never_came_is_gone(table):
    log(table, *[{"city": "Oslo"}] * 3)
    found, findings = judged(table)
    assert findings["age", "missing"].detail["reason"] == "vanished"
    assert found.verdict == "act"
    assert found.sentence.startswith("age is missing: 100.0\u202f% of 60, 1.0\u202f% in training")
    assert ("age", "out_of_range") not in findings  # of values that are not there nothing is said


def test_numbers_out_of_range_and_infinite_ones(table):
    log(table, {"age": 300, "city": "Oslo"}, {"age": -1, "city": "Oslo"}, FINE, FINE)
    _, findings = judged(table)
    assert findings["age", "out_of_range"].value == 0.5
    assert findings["age", "missing"].value == 0


def test_categories_never_seen(table):
    log(table, {"age": 30, "city": "Atlantis"}, FINE, FINE, FINE, each=25)
    found, findings = judged(table)
    assert findings["city", "unseen"].value == 0.25
    assert findings["city", "unseen"].verdict == "act"
    assert "city has values never seen before" in found.sentence


def test_a_number_that_comes_as_text_is_a_change_of_type_and_not_missing(table):
    log(table, {"age": "33", "city": "Oslo"}, FINE, FINE)
    found, findings = judged(table)
    changed = findings["age", "type_change"]
    assert (changed.value, changed.verdict) == (pytest.approx(1 / 3), "act")
    assert findings["age", "missing"].value == 0
    assert found.sentence.startswith("age is of another type than usual")
    assert "city" not in found.sentence


def test_a_column_that_training_did_not_have_is_named_and_judges_nothing(table):
    log(table, FINE | {"<b>x</b>": 1}, FINE, FINE)
    found, findings = judged(table)
    appeared = findings["<b>x</b>", "appeared"]
    assert appeared.value == pytest.approx(1 / 3)
    assert (appeared.verdict, appeared.detail["decides"]) == ("not_enough", False)
    assert found.verdict == "ok"


def test_too_few_rows_judge_nothing(table):
    log(table, {"age": None, "city": "Atlantis"}, each=20)
    found, findings = judged(table)
    assert found.verdict == "not_enough"
    assert found.score is None
    assert found.sentence == "Not enough data: 20 of 50 predictions (last 24 hours)."
    assert findings["age", "missing"].value == 1


def test_nothing_at_all_and_no_reference(workspace):
    source = make_source(workspace)
    found, _ = judged(source)
    assert found.verdict == "not_enough"
    assert data_checks.judge(scene_of(make_model_row(workspace, "Idle"))) is None


def test_unknown_users_of_a_recommender(workspace):
    source = make_source(workspace)
    monitoring_settings.change(source.model, {"minimum_sample": 50}, actor=None)
    now = timezone.now()
    rows = [row(now - dt.timedelta(seconds=90 + at), fallback=at % 10 < 9, user=f"u{at}") for at in range(60)]
    put(source, rows)
    react(source, rows[0], "click", "a")
    windows.refresh(busy_pause=0)
    found, findings = judged(source)
    users = findings["unknown_users", "unknown_users"]
    assert (users.value, users.current_size, users.verdict) == (pytest.approx(0.9), 60, "act")
    assert findings["feedback_share", "share"].value == pytest.approx(1 / 60)
    assert found.sentence.startswith("Users are unknown to the version: 90.0\u202f%")


def test_lost_entries_of_the_log_are_said_and_doubled_ones_shown(table):
    log(table, FINE, FINE, FINE)
    losses.count(LogLoss.Reason.DOUBLED_PREDICTION, 7, workspace=table.workspace)
    losses.count(LogLoss.Reason.LOST_ENTRY, 3, workspace=make_workspace())
    found, findings = judged(table)
    assert found.verdict == "ok"
    assert findings["duplicate_requests", "count"].value == 7
    losses.count(LogLoss.Reason.LOST_ENTRY, 3, workspace=table.workspace)
    found, findings = judged(table)
    assert (found.verdict, found.score) == ("watch", 1.0)
    assert "3 entries of the workspace's log could not be written" in found.sentence
