"""What becomes of feedback that is early, late, doubled, contradictory, unknown or of somebody else."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from mlopspro.testing.people import make_workspace
from monitoring.models import Feedback, LogLoss, StaleMinute, WaitingFeedback
from monitoring.services.feedback import FeedbackRow, FeedbackWritten, write_feedback
from monitoring.services.log_rows import write_predictions
from monitoring.services.prediction_ids import id_of_key, new_id
from monitoring.tests.logged import entry, log, make_source, rate


@pytest.fixture
def source(db):
    return make_source(make_workspace())


def counted(workspace) -> dict[str, int]:
    return dict(LogLoss.objects.filter(workspace=workspace).values_list("reason", "count"))


def test_feedback_stands_in_its_predictions_day_and_makes_its_minute_stale(source):
    at = timezone.now() - dt.timedelta(days=2)
    [row] = log(source, at=at)
    StaleMinute.objects.all().delete()
    assert rate(source.workspace, row) == FeedbackWritten(joined=1)
    stored = Feedback.objects.get(prediction_id=row.id)
    assert (stored.day, stored.item, stored.kind, stored.value) == (at.date(), "10", "rating", 5.0)
    [stale] = StaleMinute.objects.all()
    assert (stale.source_id, stale.minute) == (source.pk, at.replace(second=0, microsecond=0))


def test_the_same_again_is_one_row(source):
    [row] = log(source)
    at = timezone.now()
    assert rate(source.workspace, row, at=at).joined == 1
    StaleMinute.objects.all().delete()
    assert rate(source.workspace, row, at=at) == FeedbackWritten(doubled=1)
    assert not StaleMinute.objects.exists()
    assert rate(source.workspace, row, "20", at=at, key="mine").joined == 1
    assert rate(source.workspace, row, "20", 1.0, key="mine") == FeedbackWritten(doubled=1), "known by its key"
    assert Feedback.objects.filter(prediction_id=row.id).count() == 2
    assert counted(source.workspace) == {"doubled_feedback": 2}


def test_contradictory_feedback_is_all_kept_and_counted_as_replaced(source):
    [row] = log(source)
    now = timezone.now()
    rate(source.workspace, row, value=5.0, at=now)
    written = rate(source.workspace, row, value=1.0, at=now + dt.timedelta(seconds=1))
    assert (written.joined, written.replaced) == (1, 1)
    assert rate(source.workspace, row, "20", value=1.0).replaced == 0, "another item"
    assert rate(source.workspace, row, kind="click", value=None).replaced == 0, "another kind"
    assert Feedback.objects.filter(prediction_id=row.id).count() == 4
    assert counted(source.workspace) == {"replaced_feedback": 1}


@pytest.mark.parametrize("keyed", [False, True])
def test_feedback_before_its_prediction_waits_and_is_joined_when_that_comes(source, keyed):
    at = timezone.now() - dt.timedelta(days=1)
    identity = id_of_key(source.model_id, "order-1") if keyed else new_id(at)
    assert rate(source.workspace, identity, at=at) == FeedbackWritten(waiting=1)
    assert rate(source.workspace, identity, at=at) == FeedbackWritten(doubled=1)
    write_predictions([entry(source, at, id=identity)])
    assert not WaitingFeedback.objects.exists()
    assert Feedback.objects.get(prediction_id=identity).day == at.date()
    assert rate(source.workspace, identity, at=at) == FeedbackWritten(doubled=1)


def test_a_prediction_of_another_workspace_is_unknown_and_never_joined(source):
    stranger = make_workspace()
    [row] = log(source)
    assert rate(stranger, row) == FeedbackWritten(waiting=1)
    identity = new_id(timezone.now())
    assert rate(stranger, identity).waiting == 1
    assert rate(source.workspace, identity).waiting == 1, "a stranger's does not stand in its place"
    write_predictions([entry(source, id=identity)])
    assert Feedback.objects.count() == 1
    assert list(WaitingFeedback.objects.values_list("workspace_id", flat=True)) == [stranger.pk] * 2


def test_feedback_on_a_day_that_left_is_counted_and_not_kept(source, settings):
    old = timezone.now() - dt.timedelta(days=settings.LOG_KEEP_DAYS + 1)
    assert rate(source.workspace, new_id(old)) == FeedbackWritten(late=1)
    assert counted(source.workspace) == {"late_feedback": 1}
    assert not WaitingFeedback.objects.exists()


def test_what_was_not_shown_and_what_is_older_than_its_prediction_is_kept_and_said(source):
    [row] = log(source)
    assert rate(source.workspace, row, "999").not_shown == 1
    assert rate(source.workspace, row, "20", at=row.at - dt.timedelta(minutes=4)).early == 0
    assert rate(source.workspace, row, "30", at=row.at - dt.timedelta(minutes=6)).early == 1
    assert Feedback.objects.filter(prediction_id=row.id).count() == 3


@pytest.mark.django_db(transaction=True)
def test_prediction_and_feedback_at_the_same_moment_always_meet():
    source = make_source(make_workspace())
    rows = [entry(source) for _ in range(40)]
    start = threading.Barrier(2)

    def in_thread(act) -> None:
        try:
            start.wait()
            for row in rows:
                act(row)
        finally:
            connection.close()

    def answer(row) -> None:
        write_feedback(
            [FeedbackRow(row.id, "click", row.at, "10"), FeedbackRow(uuid.uuid4(), "click", row.at, "10")],
            workspace=source.workspace,
        )

    threads = [
        threading.Thread(target=in_thread, args=(act,)) for act in (lambda row: write_predictions([row]), answer)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = {row.id for row in rows}
    assert set(Feedback.objects.values_list("prediction_id", flat=True)) == ids
    assert not WaitingFeedback.objects.filter(prediction_id__in=ids).exists()
