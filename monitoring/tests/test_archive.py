"""Finished days become files that hold every row; a day leaves the database only after its file holds all of it."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from mlopspro.testing.people import make_workspace
from monitoring.models import Feedback, LogLoss, Prediction, PredictionArchive, StaleMinute, WaitingFeedback
from monitoring.services import archive, partitions, retention
from monitoring.services.prediction_ids import new_id
from monitoring.tests.logged import log, make_source, rate

pytestmark = pytest.mark.django_db


@pytest.fixture
def keep_days(settings, tmp_path):
    settings.LOG_KEEP_DAYS = 30
    settings.DATA_ROOT = tmp_path
    return 30


@pytest.fixture
def past():
    return timezone.now() - dt.timedelta(days=3)


def later(days: int) -> dt.datetime:
    return timezone.now() + dt.timedelta(days=days)


def lines_of(one: PredictionArchive, root: Path) -> list[dict]:
    with gzip.open(root / one.path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_the_file_holds_the_rows_of_the_table_with_feedback_beside_them(keep_days, past, tmp_path):
    source = make_source(make_workspace(), label="v7", role="elsewhere")
    rows = log(source, 5, past, features={"age": 0.1, "g": "é\n"}, key="k")
    rate(source.workspace, rows[2], "10", 4.0, at=past + dt.timedelta(hours=1))
    rate(source.workspace, rows[2], "20", None, kind="click")
    other = log(make_source(make_workspace()), 2, past)
    written = archive.write_day(past.date())
    assert {one.workspace_id: (one.predictions, one.feedback) for one in written} == {
        source.workspace_id: (5, 2),
        written[[one.workspace_id for one in written].index(source.workspace_id) - 1].workspace_id: (len(other), 0),
    }
    mine = next(one for one in written if one.workspace_id == source.workspace_id)
    assert mine.sha256 == archive.sha256_of(tmp_path / mine.path)
    documents = lines_of(mine, tmp_path)
    stored = Prediction.objects.filter(source_id=source.pk).order_by("pk")
    assert [one["id"] for one in documents] == [str(row.pk) for row in stored]
    for document, row in zip(documents, stored, strict=True):
        for name in ("user", "items", "scores", "features", "latency_ms", "confidence", "key", "error", "fallback"):
            assert document[name] == getattr(row, name)
        assert dt.datetime.fromisoformat(document["at"]) == row.at
        assert (document["model"], document["version"], document["role"]) == ("recommender", "v7", "elsewhere")
    beside = documents[2]["feedback"]
    assert [(one["item"], one["kind"], one["value"]) for one in beside] == [
        ("10", "rating", 4.0),
        ("20", "click", None),
    ]
    assert not list(tmp_path.rglob(".*")), "no half file is left"


def test_a_file_is_written_once_and_again_when_rows_came(keep_days, past):
    source = make_source(make_workspace())
    rows = log(source, 3, past)
    [first] = archive.write_day(past.date())
    assert archive.write_day(past.date()) == []
    log(source, 1, past + dt.timedelta(seconds=5))
    rate(source.workspace, rows[0])
    [second] = archive.write_day(past.date())
    assert (second.pk, second.predictions, second.feedback) == (first.pk, 4, 1)
    assert second.sha256 != first.sha256


def test_a_round_makes_ahead_writes_finished_days_and_drops_old_ones_after_writing(keep_days, past, tmp_path):
    source = make_source(make_workspace())
    rows = log(source, 4, past)
    rate(source.workspace, rows[1])
    log(source, 1)
    StaleMinute.objects.all().delete()
    kept = retention.keep()
    assert [path for path in kept.written if str(source.workspace_id) in path] == [
        f"prediction-log/{source.workspace_id}/{past:%Y-%m-%d}.jsonl.gz"
    ]
    assert kept.dropped == []
    today = timezone.now().date()
    assert {today + dt.timedelta(days=ahead) for ahead in range(3)} <= set(partitions.existing())
    log(source, 2, past + dt.timedelta(seconds=1))
    StaleMinute.objects.all().delete()

    kept = retention.keep(later(28))

    assert past.date() in kept.dropped
    assert past.date() not in partitions.existing()
    one = PredictionArchive.objects.get(day=past.date(), workspace=source.workspace)
    assert one.dropped_at is not None
    assert len(lines_of(one, tmp_path)) == 6, "rows that came after the first file are in the last"
    assert Prediction.objects.filter(source_id=source.pk).count() == 1
    assert not Feedback.objects.filter(day=past.date()).exists()


def test_a_day_stays_while_a_window_waits_for_it_or_its_file_is_gone(keep_days, past, tmp_path, monkeypatch):
    source = make_source(make_workspace())
    log(source, 1, past)
    kept = retention.keep(later(28))
    assert past.date() in kept.held_back, "its minute is stale: a window is to be computed from it"
    StaleMinute.objects.all().delete()
    (tmp_path / PredictionArchive.objects.get(workspace=source.workspace).path).unlink()
    monkeypatch.setattr(archive, "write_day", lambda day: [])
    assert past.date() in retention.keep(later(28)).held_back
    assert past.date() in partitions.existing()


def test_a_disk_that_takes_nothing_costs_no_row(keep_days, past, settings, tmp_path):
    source = make_source(make_workspace())
    log(source, 1, past)
    StaleMinute.objects.all().delete()
    settings.DATA_ROOT = tmp_path / "file"
    settings.DATA_ROOT.write_text("not a folder")
    with pytest.raises(OSError):
        retention.keep(later(28))
    assert past.date() in partitions.existing()
    assert Prediction.objects.filter(source_id=source.pk).exists()


def test_feedback_that_waited_a_week_in_vain_is_counted_and_gone(keep_days):
    workspace = make_workspace()
    rate(workspace, new_id(timezone.now()))
    assert retention.keep().expired == 0
    assert retention.keep(later(8)).expired == 1
    assert not WaitingFeedback.objects.filter(workspace=workspace).exists()
    assert LogLoss.objects.get(workspace=workspace, reason=LogLoss.Reason.UNKNOWN_FEEDBACK).count == 1


def test_the_command_says_first_and_does_then(keep_days, past, capsys):
    source = make_source(make_workspace())
    log(source, 2, past)
    call_command("archive_predictions", "--dry-run")
    assert f"would write: {past:%Y-%m-%d}" in capsys.readouterr().out
    assert not PredictionArchive.objects.exists()
    call_command("archive_predictions", "--day", f"{past:%Y-%m-%d}")
    assert "2 predictions, 0 feedback" in capsys.readouterr().out
    for wrong in ("yesterday", f"{timezone.now():%Y-%m-%d}", "2001-01-01"):
        with pytest.raises(CommandError, match="--day is"):
            call_command("archive_predictions", "--day", wrong)
