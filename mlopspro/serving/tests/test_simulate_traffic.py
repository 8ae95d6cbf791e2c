"""The command against a model that was really trained and promoted: what it asks stands in the log, with feedback."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from experiments.services import promotion
from experiments.tests.registered import make_model, make_version
from experiments.tests.tables_stored import stored_table
from mlopspro.accounts.models import Workspace
from mlopspro.serving import loaded
from mlopspro.testing.people import make_workspace
from monitoring.models import Feedback, Prediction, Window
from monitoring.services import windows

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace(settings, tmp_path) -> Workspace:
    settings.SERVING_POLL_SECONDS = 0
    settings.PREDICTION_LOG_DIR = tmp_path
    made = make_workspace()
    yield made
    loaded.forget()


def promoted(version):
    promotion.promote(version, actor=None, force=True, reason="A test needs it to be live", through="command")
    return version


@pytest.fixture
def films(workspace):
    return promoted(make_version(workspace, "Films"))


def simulate(workspace: Workspace, *options: str) -> str:
    out, err = StringIO(), StringIO()
    call_command("simulate_traffic", "--workspace", workspace.slug, *options, stdout=out, stderr=err)
    return out.getvalue()


def test_live_answers_and_feedback_stand_in_the_log(workspace, films):
    said = simulate(workspace, "--requests", "40", "--delay", "0", "--skips", "1")
    assert "40 answered, 0 failed, 400 pieces of feedback" in said
    rows = list(Prediction.objects.filter(source__model=films.model))
    assert len(rows) == 40
    assert {row.source.role for row in rows} == {"champion"}
    assert all(len(row.items) == 10 for row in rows)
    told = Feedback.objects.filter(prediction_id__in=[row.pk for row in rows])
    assert told.count() == 400
    assert set(told.values_list("kind", flat=True)) == {"rating", "skip"}


def test_a_past_of_days_is_written_once_however_often_it_is_asked_for(workspace, films):
    start = timezone.now() - dt.timedelta(days=4)
    options = ("--requests", "200", "--as-if-from", start.isoformat(), "--resume", "history")
    said = simulate(workspace, *options)
    assert "200 answered" in said
    rows = Prediction.objects.filter(source__model=films.model)
    assert rows.count() == 200
    assert len({row.day for row in rows}) >= 4
    assert min(row.at for row in rows) == start
    feedback = Feedback.objects.count()
    assert feedback > 200
    windows.refresh(20, busy_pause=0)
    days = Window.objects.filter(source__model=films.model, level=Window.Level.DAY)
    assert sum(day.predictions for day in days) == 200
    assert sum(day.labelled for day in days) == len(set(Feedback.objects.values_list("prediction_id", flat=True)))
    assert "0 requests" in simulate(workspace, *options)
    assert rows.count() == 200


def test_quality_falls_where_tastes_shift(workspace, films):
    start = (timezone.now() - dt.timedelta(days=2)).isoformat()
    simulate(workspace, "--as-if-from", start, "--requests", "400", "--drift", "taste_shift,start=50%,strength=1")
    rows = list(Prediction.objects.filter(source__model=films.model).order_by("at").values_list("pk", flat=True))
    hits = Counter(Feedback.objects.filter(kind="rating").values_list("prediction_id", flat=True))

    def hits_a_list(part):
        return sum(hits[pk] for pk in part) / len(part)

    assert hits_a_list(rows[200:]) < 0.7 * hits_a_list(rows[:200])


def test_slow_and_failing_answers_are_in_the_log(workspace, films):
    drifts = ("--drift", "slow,start=0,strength=500", "--drift", "errors,start=50%,strength=1")
    said = simulate(workspace, "--requests", "20", "--delay", "0", *drifts)
    assert "10 answered, 10 failed" in said
    assert "slow 20, errors 10" in said
    rows = Prediction.objects.filter(source__model=films.model)
    assert rows.exclude(error="").count() == 10
    assert all(row.latency_ms >= 500 for row in rows)


@pytest.mark.parametrize(
    ("family", "kind"),
    [("pricing", "value"), ("next_best_action", "label"), ("location_scoring", "value"), ("forecasting", "value")],
)
def test_tables_are_asked_row_by_row_and_their_truth_becomes_known(workspace, family, kind):
    architecture = {
        "pricing": "log_log_elasticity", "next_best_action": "base_rate", "location_scoring": "mean_place",
        "forecasting": "seasonal_naive",
    }[family]  # fmt: skip
    data = stored_table(workspace, family)
    version = promoted(
        make_version(workspace, make_model(workspace, family, family=family), architecture=architecture, dataset=data)
    )
    said = simulate(workspace, "--requests", "15", "--as-if-from", (timezone.now() - dt.timedelta(hours=3)).isoformat())
    assert "15 answered, 0 failed, 15 pieces of feedback" in said
    rows = Prediction.objects.filter(source__version=version)
    assert rows.count() == 15
    assert all(row.value is not None and row.features for row in rows)
    told = Feedback.objects.filter(prediction_id__in=rows.values("pk"))
    assert set(told.values_list("kind", flat=True)) == {kind}


def test_a_position_is_kept_and_gone_on_from(workspace, films, settings):
    start = (timezone.now() - dt.timedelta(days=1)).isoformat()
    options = ("--as-if-from", start, "--rate", "1/s", "--requests", "30", "--resume", "drill")
    simulate(workspace, *options)
    position = next((settings.DATA_ROOT / "replays").glob("drill.json"))
    assert json.loads(position.read_text())["next"] == 30
    with pytest.raises(CommandError, match="drill is the position of a replay with other options"):
        simulate(workspace, *options, "--seed", "5")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "Nobody"), "Nobody"),
        (("--dataset", "None such"), "--dataset 'None such'"),
        (("--rate", "fast"), "rate is 'fast'; accepted"),
        (("--rate", "5", "--speed", "5"), "one of them"),
        (("--drift", "feature_shift"), "which a recommender lacks"),
        (("--as-if-from", "yesterday"), "--as-if-from is 'yesterday'"),
        (("--as-if-from", "2999-01-01"), "accepted: a time before"),
        (("--skips", "3"), "skips is 3"),
        (("--url", "ftp://x"), "url is 'ftp://x'"),
    ],
)
def test_what_cannot_be_done_is_refused_with_field_and_value(workspace, films, options, words):
    with pytest.raises(CommandError, match=words):
        simulate(workspace, "--requests", "2", *options)


def test_without_anything_live_it_says_what_to_do(workspace):
    with pytest.raises(CommandError, match="promote a version first"):
        simulate(workspace)
