"""What was live at a moment: every moment has one answer, also those at which one version took over from another."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from experiments.models import Deployment
from experiments.selectors.registry import live_at
from experiments.services import promotion
from experiments.tests.registered import judged_version
from experiments.tests.registry.conftest import scores

TICK = dt.timedelta(microseconds=1)


def numbers(model, moments):
    return [found.version.number if (found := live_at(model, moment)) else None for moment in moments]


def test_each_moment_belongs_to_one_version(workspace, engineer):
    first = judged_version(workspace, scores(0.3, seed=1))
    second = judged_version(workspace, scores(0.5, seed=2))
    model = first.model
    began = promotion.promote(first, actor=engineer).at
    took_over = promotion.promote(second, actor=engineer).at
    back = promotion.rollback(model, actor=engineer).at
    first.refresh_from_db()
    ended = promotion.move(first, actor=engineer, to_stage="archived").at

    asked = [began - TICK, began, took_over - TICK, took_over, back - TICK, back, ended - TICK, ended, ended + TICK]
    assert numbers(model, asked) == [None, "1.0.0", "1.0.0", "1.0.1", "1.0.1", "1.0.0", "1.0.0", None, None]
    rows = list(Deployment.objects.filter(model=model).order_by("started_at"))
    assert [row.ended_at for row in rows] == [took_over, back, ended]
    assert [row.started_at for row in rows] == [began, took_over, back]


def test_a_clock_that_goes_back_leaves_no_gap_and_no_overlap(workspace, engineer):
    first = judged_version(workspace, scores(0.3, seed=1))
    second = judged_version(workspace, scores(0.5, seed=2))
    promotion.promote(first, actor=engineer)
    ahead = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    Deployment.objects.update(started_at=ahead)  # written by a machine whose clock was an hour ahead
    change = promotion.promote(second, actor=engineer)
    assert change.at == ahead
    assert numbers(first.model, [ahead - TICK, ahead]) == [None, "1.0.1"]


def test_a_time_without_a_zone_is_refused(workspace):
    version = judged_version(workspace, scores(0.3))
    with pytest.raises(ValueError, match="time zone"):
        live_at(version.model, dt.datetime(2026, 11, 21, 9, 30))  # noqa: DTZ001


def test_the_database_refuses_a_second_champion(workspace, engineer):
    first = judged_version(workspace, scores(0.3, seed=1))
    second = judged_version(workspace, scores(0.5, seed=2))
    promotion.promote(first, actor=engineer)
    with pytest.raises(IntegrityError), transaction.atomic():
        type(second).objects.filter(pk=second.pk).update(stage="production")
    with pytest.raises(IntegrityError), transaction.atomic():
        Deployment.objects.create(model=first.model, version=second, started_at=dt.datetime.now(dt.UTC))
