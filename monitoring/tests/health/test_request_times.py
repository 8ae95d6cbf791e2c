"""How long answers took: noted in memory, written once, right over processes and foldings."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.db import OperationalError
from django.db.models import Count
from django.utils import timezone

from monitoring.models import ServiceMinute
from monitoring.selectors.service_times import by_group, for_ever, rows_since, together
from monitoring.services import service_minutes
from monitoring.services.request_times import RequestTimes, group_of
from monitoring.tests.health import scenes

pytestmark = pytest.mark.django_db
RANK_ERROR = 0.0165
"""Of a KLL sketch with k = 200, two-sided, with 99 % confidence (DataSketches' normalized_rank_error(True))."""


@pytest.mark.parametrize(
    ("method", "path", "group"),
    [
        ("GET", "/api/recommend/7", "recommend"),
        ("POST", "/api/predict/churn", "predict"),
        ("POST", "/api/predictions", "ingest"),
        ("POST", "/api/feedback", "ingest"),
        ("GET", "/api/mlops/predictions", "api"),
        ("GET", "/api/experiments", "api"),
        ("GET", "/recommend/", "page"),
        ("GET", "/", "page"),
        ("GET", "/static/css/base.css", None),
        ("GET", "/healthz", None),
        ("GET", "/readyz", None),
        ("GET", "/metrics", None),
    ],
)
def test_addresses_fall_into_groups(method, path, group):
    assert group_of(method, path) == group


def noted(times: RequestTimes, values, group="page", failed=0) -> None:
    for place, value in enumerate(values):
        times.note(group, float(value), place < failed)


def test_what_was_noted_is_written_and_writing_again_counts_nothing_twice():
    times = RequestTimes()
    noted(times, [1, 2, 3], failed=1)
    times.flush()
    assert times.flush() == 0
    noted(times, [10], group="page")
    times.flush()
    found = by_group(rows_since(timezone.now() - dt.timedelta(minutes=5)))["page"]
    assert (found.requests, found.errors, found.average) == (4, 1, 4.0)


def test_a_database_that_is_away_loses_nothing(monkeypatch):
    times = RequestTimes()
    noted(times, [5, 5])

    def away(*_, **__):
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(ServiceMinute.objects, "bulk_create", away)
        with pytest.raises(OperationalError):
            times.flush()
    noted(times, [5])
    times.flush()
    assert together(ServiceMinute.objects.all()).requests == 3


def test_percentiles_over_processes_are_those_of_all_times_together():
    draws = np.random.default_rng(7)
    samples = [draws.lognormal(3, 1, 4000), draws.gamma(2, 60, 9000), draws.uniform(0, 5, 300)]
    for number, sample in enumerate(samples):
        scenes.add_minute(sample, process=f"host/{number}/x")
    merged, everything = together(ServiceMinute.objects.all()), np.sort(np.concatenate(samples))
    assert merged.requests == len(everything)
    assert merged.average == pytest.approx(everything.mean())
    for share, found in ((0.5, merged.p50), (0.95, merged.p95), (0.99, merged.p99)):
        rank = np.searchsorted(everything, found) / len(everything)
        assert abs(rank - share) <= RANK_ERROR


def test_nothing_answered_has_no_times():
    empty = together([])
    assert (empty.average, empty.p50, empty.p95, empty.error_rate) == (None, None, None, None)


def test_folding_keeps_every_sum_and_leaves_few_rows():
    draws = np.random.default_rng(3)
    everything = []
    for minutes in (1, 20, 21, 300, 360, 2000, 50_000):
        for process in ("a/1/x", "b/2/y"):
            sample = draws.gamma(2, 10, 50)
            everything.append(sample)
            scenes.add_minute(sample, errors=1, ago=dt.timedelta(minutes=minutes), process=process)
    before, now = for_ever()["page"], timezone.now()
    service_minutes.fold(now)
    assert service_minutes.fold(now) == 0, "what is folded stays"
    assert for_ever()["page"] == pytest.approx(before)
    kept = dict(ServiceMinute.objects.order_by().values_list("process").annotate(n=Count("pk")))
    assert kept == {"a/1/x": 1, "b/2/y": 1, "all": 2, "hour": 3, "ever": 1}
    assert together(ServiceMinute.objects.all()).p95 == pytest.approx(
        np.quantile(np.concatenate(everything), 0.95), rel=0.15
    )


def test_minutes_that_come_late_are_added_to_what_was_folded_before():
    old = dt.timedelta(hours=5)
    for process in ("a/1/x", "b/2/y"):
        scenes.add_minute([10, 20], ago=old, process=process)
        service_minutes.fold(timezone.now())
    row = ServiceMinute.objects.get()
    assert (row.process, row.requests) == ("hour", 4)
