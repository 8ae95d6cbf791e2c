"""Live quality in stretches of ten seconds equals what windows say of the same lists."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.utils import timezone

from experiments.tests.versions import make_live, make_version_row
from mlopspro.testing.people import make_workspace
from mlopspro.tour.course import STEP, Course
from monitoring.models import Source
from monitoring.services import windows
from monitoring.services.feedback import FeedbackRow, write_feedback
from monitoring.services.log_rows import LoggedPrediction, write_predictions
from monitoring.services.prediction_ids import new_id
from monitoring.services.sources import source_of
from monitoring.services.window_reads import period, total
from monitoring.summaries import live

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(db):
    version = make_version_row(make_workspace(), "Films")
    make_live(version)
    return source_of(model=version.model, version=version, role=Source.As.CHAMPION)


def write(source, begin, number=60, seed=0):
    """Lists of ten every second with ratings, skips, clicks and finds that were not shown."""
    random = np.random.default_rng(seed)
    for second in range(number):
        at = begin + dt.timedelta(seconds=second)
        items = [f"i{item}" for item in random.permutation(40)[:10]]
        row = LoggedPrediction(
            id=new_id(at), at=at, source_id=source.pk, user=f"u{second % 7}", items=items, scores=[1.0] * 10,
            latency_ms=1.0,
        )  # fmt: skip
        write_predictions([row])
        given = [("rating", item, float(random.integers(1, 6))) for item in items if random.random() < 0.5]
        given += [("skip", item, None) for item in items if random.random() < 0.2]
        given += [("click", "elsewhere", 1.0)] if random.random() < 0.4 else []
        write_feedback(
            [
                FeedbackRow(prediction_id=row.id, kind=kind, item=item, value=value, at=at)
                for kind, item, value in given
            ],
            workspace=source.model.workspace,
        )


def test_it_agrees_with_the_windows(source):
    begin = timezone.now().replace(second=0, microsecond=0) - dt.timedelta(minutes=5)
    write(source, begin)
    windows.refresh(60)
    end = begin + dt.timedelta(minutes=1)
    expected = live.figures_of(total([source], period(start=begin, end=end), ("judged",)).summary, "lists")[
        "ndcg_at_10"
    ]

    found = Course(source.model_id).quality(begin, end)

    assert found.lists == expected.n
    assert found.value == pytest.approx(expected.value, abs=1e-9)


def test_points_are_added_once_and_only_when_they_have_settled(source):
    begin = timezone.now().replace(second=0, microsecond=0) - dt.timedelta(minutes=5)
    write(source, begin, number=30)
    course = Course(source.model_id)

    early = course.extended([], begin.isoformat(), now=begin + dt.timedelta(seconds=STEP + 1))
    assert early == []
    first = course.extended([], begin.isoformat(), now=begin + dt.timedelta(seconds=2 * STEP + 5))
    assert [one[0] for one in first] == [int(begin.timestamp()), int(begin.timestamp()) + STEP]
    later = course.extended(first, begin.isoformat(), now=begin + dt.timedelta(minutes=2))
    assert later[:2] == first
    assert later[2:]
    assert all(one[0] > first[-1][0] for one in later[2:])
    assert later == course.extended([], begin.isoformat(), now=begin + dt.timedelta(minutes=2))


def test_without_traffic_nothing_is_known(source):
    now = timezone.now()
    assert Course(source.model_id).quality(now - dt.timedelta(hours=1), now).value is None
