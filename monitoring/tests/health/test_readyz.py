"""Probes: what a load balancer is told."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection

from mlopspro.testing.people import browser
from monitoring.models import ProcessBeat
from monitoring.selectors import health_figures
from monitoring.tests.health import scenes


def told():
    health_figures.forget()
    return browser().get("/readyz")


@pytest.mark.django_db
def test_ready_names_what_is_degraded_and_stays_200():
    assert told().json() == {
        "status": "ok", "database": "ok", "redis": "unknown", "mlflow": "unknown", "workers": "unknown",
    }  # fmt: skip
    scenes.well()
    scenes.add_process("mlflow")
    assert told().json()["workers"] == "ok"
    ProcessBeat.objects.filter(name="worker-io").delete()
    scenes.add_process("worker-io", silent=500, redis={"error": "x"})
    scenes.add_process("web", redis={"error": "x"})
    answer = told()
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "degraded", "database": "ok", "redis": "degraded", "mlflow": "ok", "workers": "degraded",
    }  # fmt: skip


@pytest.mark.django_db
def test_without_its_database_a_site_is_alive_and_not_ready(monkeypatch):
    def away(*_, **__):
        raise OperationalError("no address of anything in the answer")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        assert browser().get("/healthz").status_code == 200
        answer = told()
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "unavailable"}
