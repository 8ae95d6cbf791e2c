"""The Django admin of these tables: everything to look at, results never to be edited, actions through services."""

from __future__ import annotations

import pytest
from django.contrib.admin.sites import site
from django.db import connection
from django.urls import reverse

from experiments.admin import base as experiments_admin
from experiments.models import LogLine
from experiments.tests.pages import scenes
from mlopspro.testing.people import browser, make_member

TABLES = sorted(model._meta.model_name for model in site._registry if model._meta.app_label == "experiments")


@pytest.fixture
def operator(workspace):
    return browser(make_member(workspace, is_staff=True, is_superuser=True))


@pytest.mark.parametrize("table", TABLES)
def test_every_table_has_a_list_and_no_way_to_add(operator, run, table):
    assert operator.get(reverse(f"admin:experiments_{table}_changelist")).status_code == 200
    assert operator.get(reverse(f"admin:experiments_{table}_add")).status_code == 403


def test_every_model_of_the_app_is_there():
    from django.apps import apps

    assert len(TABLES) == len(list(apps.get_app_config("experiments").get_models()))


def act(operator, name, run):
    address = reverse("admin:experiments_experiment_changelist")
    return operator.post(address, {"action": name, "_selected_action": [str(run.pk)]}, follow=True)


def test_actions_call_the_services_with_their_rules(operator, run, workspace):
    running = scenes.running_run(workspace)
    assert "stop it before deleting" in act(operator, "delete_softly", running).content.decode()
    act(operator, "stop", running)
    running.refresh_from_db()
    assert running.stop_requested_at is not None
    act(operator, "delete_softly", run)
    run.refresh_from_db()
    assert run.deleted_at is not None


def test_who_may_only_look_gets_no_actions(workspace, run):
    from django.contrib.auth.models import Permission

    looker = make_member(workspace, is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_experiment"))
    page = browser(looker).get(reverse("admin:experiments_experiment_changelist")).content.decode()
    assert "run" in page
    assert 'value="stop"' not in page


def test_a_large_table_is_not_counted_row_by_row(run, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(experiments_admin, "COUNT_EXACTLY_BELOW", 3)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE experiments_logline")
    with django_assert_num_queries(1) as queries:
        assert experiments_admin.EstimatingPaginator(LogLine.objects.all(), 50).count == 5
    assert "reltuples" in queries.captured_queries[0]["sql"]
    filtered = LogLine.objects.filter(experiment=run)[:2]
    assert experiments_admin.EstimatingPaginator(filtered, 50).count == 2
