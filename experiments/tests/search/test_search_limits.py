"""A search that takes too long ends with an answer, and leaves the connection as it was."""

from __future__ import annotations

import pytest
from django.db import connection

from experiments.query import QueryError
from experiments.selectors import history
from experiments.selectors.history import HistoryQuery
from experiments.selectors.search import limits


def settings_now() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in limits.SETTINGS))
        return list(cursor.fetchone())


def test_a_slow_search_says_how_to_narrow_it(workspace, settings):
    settings.HISTORY_TIMEOUT_SECONDS = 0.02
    before = settings_now()
    expected = pytest.raises(QueryError, match=r"longer than 0\.02 s over all runs")
    with expected, limits.bounded_time(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(10)")
    assert settings_now() == before, "what comes after is not bounded by it"


def test_a_page_of_a_slow_search_has_no_runs_and_an_error(workspace, runs, settings, monkeypatch):
    settings.HISTORY_TIMEOUT_SECONDS = 0.02

    def slow(*_args, **_options):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(10)")

    monkeypatch.setattr(history, "_loaded", slow)
    page = history.page(workspace, HistoryQuery())
    assert page.error is not None
    assert "Narrow it" in page.error.message
    assert page.runs == []


def test_settings_are_put_back_after_a_search(workspace, runs):
    before = settings_now()
    assert history.page(workspace, HistoryQuery(sort="metrics.rmse")).runs
    assert settings_now() == before
