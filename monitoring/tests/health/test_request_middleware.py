"""The middleware notes every answer that counts, also those that fail, and does nothing else within the request."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from mlopspro.testing.people import browser
from monitoring.middleware import RequestTimesMiddleware
from monitoring.models import ServiceMinute
from monitoring.services.request_times import request_times


@pytest.fixture(autouse=True)
def nothing_waits():
    request_times._waiting.clear()
    request_times._minutes.clear()


def answered(status: int, path: str = "/somewhere") -> None:
    RequestTimesMiddleware(lambda _: HttpResponse(status=status))(RequestFactory().get(path))


@pytest.mark.django_db
def test_answers_are_counted_by_group_and_those_of_500_as_failed():
    for status in (200, 404, 500, 503):
        answered(status)
    answered(200, "/api/recommend/5")
    answered(200, "/healthz")
    with CaptureQueriesContext(connection) as queries:
        answered(200)
    assert len(queries) == 0
    request_times.flush()
    rows = {row.group: (row.requests, row.errors) for row in ServiceMinute.objects.all()}
    assert rows == {"page": (5, 2), "recommend": (1, 0)}


@pytest.mark.django_db
def test_the_site_has_it_outermost(settings):
    assert settings.MIDDLEWARE[0] == "monitoring.middleware.RequestTimesMiddleware"
    browser().get("/accounts/login/")
    assert request_times.flush() == 1


def test_what_waits_is_bounded_where_nobody_writes(monkeypatch):
    assert request_times._waiting.maxlen is not None
