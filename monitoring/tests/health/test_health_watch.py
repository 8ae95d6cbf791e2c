"""The scheduled look: one a minute whoever looks, the verdict kept, its changes noted, MLflow asked."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from monitoring import health_watch
from monitoring.models import ProcessBeat, StaleMinute
from monitoring.selectors.health import verdict
from monitoring.services.health_states import State
from monitoring.tests.health import scenes

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(autouse=True)
def no_mlflow(settings):
    settings.MLFLOW_TRACKING_URI = "http://127.0.0.1:9"


def kept() -> dict:
    return ProcessBeat.objects.get(name="health").details


def everybody() -> None:
    for role in scenes.ROLES:
        scenes.add_process(role)


def test_of_two_who_look_within_a_minute_one_does():
    now = timezone.now()
    assert health_watch.look(now) is not None
    assert health_watch.look(now + 0.9 * MINUTE) is None
    assert health_watch.look(now + MINUTE) is not None


def test_the_verdict_is_kept_with_since_when_and_what_changed():
    now = timezone.now()
    assert health_watch.look(now).status is State.UNKNOWN
    everybody()
    assert health_watch.look(now + MINUTE).status is State.HEALTHY
    health_watch.look(now + 2 * MINUTE)
    assert kept()["status"] == "healthy"
    assert kept()["since"] == (now + MINUTE).isoformat()
    assert {(one["check"], one["before"], one["now"]) for one in kept()["changes"]} >= {
        ("all", "unknown", "healthy"), ("database", "unknown", "healthy"),
    }  # fmt: skip
    scenes.add_process("worker-train", redis={"error": "x"})
    health_watch.look(now + 3 * MINUTE)
    newest = kept()["changes"][:2]
    assert {one["check"] for one in newest} == {"all", "redis"}
    assert all("Redis" in one["reason"] for one in newest)
    assert kept()["checks"]["redis"] == {"state": "degraded", "since": (now + 3 * MINUTE).isoformat()}


def test_who_was_seen_is_remembered_after_a_goodbye():
    everybody()
    now = timezone.now()
    health_watch.look(now)
    ProcessBeat.objects.filter(name="beat").delete()
    health_watch.look(now + MINUTE)
    assert kept()["seen"]["beat"] == now.isoformat()
    assert kept()["seen"]["web"] == (now + MINUTE).isoformat()


def test_changes_are_bounded(monkeypatch):
    monkeypatch.setattr(health_watch, "CHANGES_KEPT", 3)
    now = timezone.now()
    for number in range(4):
        ProcessBeat.objects.exclude(name="health").delete()
        if number % 2:
            everybody()
        health_watch.look(now + number * MINUTE)
    assert len(kept()["changes"]) == 3


def test_mlflow_that_does_not_answer_is_noticed_and_one_that_does_is_too(settings, mlflow_address):
    everybody()
    now = timezone.now()
    health_watch.look(now)
    row = ProcessBeat.objects.get(name="mlflow")
    assert row.details["error"]
    ProcessBeat.objects.filter(pk=row.pk).update(beat_at=row.beat_at - 5 * MINUTE)
    health_watch.look(now + MINUTE)
    states = {check.rule.key: check.state for check in verdict(max_age=0).checks}
    assert states["mlflow"] is State.DEGRADED
    settings.MLFLOW_TRACKING_URI = mlflow_address
    health_watch.look(now + 2 * MINUTE)
    assert ProcessBeat.objects.get(name="mlflow").details["error"] == ""
    states = {check.rule.key: check.state for check in verdict(max_age=0).checks}
    assert states["mlflow"] is State.HEALTHY


@pytest.fixture
def mlflow_address():
    """An HTTP server that answers at /health, as MLflow does: what is asked is whether something answers."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_migration_that_is_missing_is_unhealthy():
    everybody()
    health_watch.look(timezone.now())
    assert kept()["schema"]["pending"] == 0
    assert kept()["schema"]["applied"]["monitoring"]
    newest = MigrationRecorder.Migration.objects.filter(app="monitoring").latest("name")
    newest.delete()
    found = health_watch.look(timezone.now() + 2 * MINUTE)
    assert {check.rule.key: check.state for check in found.checks}["schema"] is State.UNHEALTHY


def test_since_when_no_stale_minute_was_taken_is_remembered_until_one_is():
    now = timezone.now()
    head = StaleMinute.objects.create(source_id=1, minute=now)
    health_watch.look(now)
    health_watch.look(now + MINUTE)
    assert kept()["stale"] == {"head": head.pk, "since": now.isoformat()}
    head.delete()
    health_watch.look(now + 2 * MINUTE)
    assert kept()["stale"]["head"] is None
