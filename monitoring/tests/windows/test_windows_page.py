"""The monitoring page: what it says of traffic, of none, and that it costs the same however much there was."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from experiments.tests.versions import make_model_row
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from monitoring.services import windows
from monitoring.tests.windows_scene import make_source, put, react, row

pytestmark = pytest.mark.django_db
QUERIES = 25
"""Of which three are session, person and memberships, and seven what the tiles say."""


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def client(workspace):
    return browser(make_member(workspace, Role.VIEWER))


@pytest.fixture
def source(workspace):
    return make_source(workspace)


def recent_rows(count, **fields):
    now = timezone.now()
    return [
        row(now - dt.timedelta(seconds=20 * at + 70), user=f"u{at % 7}", confidence=(at % 10) / 10, **fields)
        for at in range(count)
    ]


def page(client, source=None, **query):
    return client.get(reverse("monitoring:overview"), ({"model": source.model_id} if source else {}) | query)


def fragment(client, source, version="", **query):
    headers = {"HX-Request": "true"} | ({"If-None-Match": version} if version else {})
    return client.get(reverse("monitoring:overview"), {"model": source.model_id, **query}, headers=headers)


def test_counters_tables_and_recent_rows_are_those_of_the_log(client, source):
    rows = put(source, recent_rows(30))
    react(source, rows[0], "click", "a")
    put(source, recent_rows(1, error="no scorer", items=None))
    windows.refresh()
    html = page(client, source, period="24h", tab="traffic").content.decode()
    for words in (
        "Predictions",
        "Items shown most",
        "By day",
        "By user",
        "Recent predictions",
        "Response time",
        "Confidence",
    ):
        assert words in html
    assert ">31<" in html  # predictions
    assert "median" in html
    assert "3.2\u202f%" in html  # 1 of 31 failed, 1 of 31 labelled
    assert html.count("/monitoring/predictions/") == 20


def test_there_is_a_word_for_each_kind_of_nothing(client, workspace):
    html = page(client).content.decode()
    assert "No model yet" in html
    model = make_model_row(workspace, "Idle")
    html = client.get(reverse("monitoring:overview"), {"model": model.pk}).content.decode()
    assert "No version is in production now" in html
    assert "This model has not answered yet" in html
    assert "none in production" in page(client).content.decode()


def test_rows_that_nobody_counts_are_said_to_wait(client, source):
    put(source, recent_rows(3))
    assert "These figures are behind" in page(client, source).content.decode()
    windows.refresh()
    assert "These figures are behind" not in page(client, source).content.decode()


def test_a_model_without_probabilities_has_no_confidence(client, source):
    put(source, [one | {"confidence": None} for one in recent_rows(3)])
    windows.refresh()
    html = page(client, source).content.decode()
    assert "scores are no probabilities" in html
    assert "This model&#x27;s scores are no probabilities" in html


def test_the_fragment_is_sent_again_only_when_something_changed(client, source):
    put(source, recent_rows(3))
    windows.refresh()
    first = fragment(client, source, period="7d")
    assert first.status_code == 200
    assert first.content.startswith(b"\n<div") or b'id="monitoring-live"' in first.content
    assert b"<html" not in first.content
    assert fragment(client, source, first["ETag"], period="7d").status_code == 304
    put(source, recent_rows(1))
    windows.refresh(busy_pause=0)
    assert fragment(client, source, first["ETag"], period="7d").status_code == 200


def test_a_wrong_period_is_named_and_the_usual_one_shown(client, source):
    for query in (
        {"period": "1y"},
        {"from": "yesterday"},
        {"from": "2026-05-02", "to": "2026-05-01"},
        {"from": "1900-01-01"},
    ):
        html = page(client, source, **query).content.decode()
        assert "That is no period" in html
        assert "Shown is last 24 hours" in html


@pytest.mark.parametrize("name", ["1h", "24h", "7d", "30d"])
def test_the_page_costs_the_same_with_few_and_many_rows(client, source, name):
    put(source, recent_rows(2))
    windows.refresh(busy_pause=0)
    page(client, source, period=name)
    few = cost(client, source, name)
    put(source, recent_rows(120))
    windows.refresh(busy_pause=0)
    assert cost(client, source, name) == few <= QUERIES


def test_the_overview_costs_the_same_with_few_and_many_models(client, workspace):
    put(make_source(workspace), recent_rows(2))
    windows.refresh(busy_pause=0)
    few = cost(client)
    for number in range(4):
        make_model_row(workspace, f"Other {number}")
    put(make_source(workspace, "1.1.0"), recent_rows(20))
    windows.refresh(busy_pause=0)
    assert cost(client) == few <= 13


def cost(client, source=None, name="24h"):
    page(client, source, period=name)
    with CaptureQueriesContext(connection) as queries:
        assert page(client, source, period=name).status_code == 200
    return len(queries)


def test_a_prediction_tells_its_items_features_and_feedback(client, source):
    (one,) = put(source, recent_rows(1, features={"genre": "<b>noir</b>"}, scores=[0.9, 0.5, 0.1]))
    react(source, one, "rating", "b", 5.0)
    react(source, one, "click", "elsewhere")
    html = client.get(reverse("monitoring:prediction", args=[one["id"]])).content.decode()
    assert "&lt;b&gt;noir&lt;/b&gt;" in html
    assert "rating 5.00" in html
    assert "elsewhere" in html
    assert "0.900" in html


def test_a_prediction_of_another_workspace_does_not_exist(client):
    (one,) = put(make_source(make_workspace()), recent_rows(1))
    assert client.get(reverse("monitoring:prediction", args=[one["id"]])).status_code == 404
    assert client.get(reverse("monitoring:overview"), {"model": "none"}).status_code == 404


def test_the_tab_that_is_shown_stays_when_it_is_refreshed(client, source):
    """The usual tab becomes Quality with the first judged answer; an open page goes on showing what it showed."""
    shown = client.get(reverse("monitoring:overview"), {"model": source.model_id}).content.decode()
    assert re.search(r'hx-get="/monitoring/\?model=[0-9a-f-]+&amp;tab=traffic"', shown)
