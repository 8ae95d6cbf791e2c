"""The stack that browser and fault tests stand on is the real one."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPResponse

import pytest

from mlopspro.accounts.models import User
from mlopspro.celery import app
from mlopspro.embedded import processes

pytestmark = [pytest.mark.services, pytest.mark.timeout(400)]


def get(url: str, **headers: str) -> HTTPResponse:
    return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20)


def test_it_serves_pages_with_compressed_files_and_security_headers(live_stack):
    with get(f"{live_stack.url}/accounts/login/") as response:
        assert response.status == 200
        assert "script-src 'self'" in response.headers["Content-Security-Policy"]
        page = response.read().decode()
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]
    with get(f"{live_stack.url}{style}", **{"Accept-Encoding": "br"}) as response:
        assert response.headers["Content-Encoding"] == "br"
        assert "immutable" in response.headers["Cache-Control"]


def test_the_orm_sees_what_the_stack_sees(live_stack):
    assert User.objects.filter(email=live_stack.admin_email).exists()
    User.objects.filter(email=live_stack.admin_email).update(name="Seen from both sides")
    person = f"User.objects.get(email={live_stack.admin_email!r})"
    script = f"from mlopspro.accounts.models import User; print({person}.name)"
    assert "Seen from both sides" in live_stack.manage("shell", "-v0", "-c", script)


def test_every_process_runs_and_one_that_was_killed_is_started_for_the_next_test(live_stack):
    names = ("web", "worker-io", "worker-train", "beat", "log-shipper")
    assert all(live_stack.is_alive(name) for name in names)
    live_stack.kill("beat")
    assert processes.wait_until(lambda: not live_stack.is_alive("beat"), 10)
    live_stack.heal()
    assert live_stack.is_alive("beat")


def test_beat_starts_what_is_due_and_the_worker_does_it(live_stack):
    worker = f"io@{live_stack.name}"

    def done() -> int:
        stats = app.control.inspect(destination=[worker], timeout=2).stats() or {}
        return stats.get(worker, {}).get("total", {}).get("experiments.tasks.dispatch_waiting", 0)

    assert processes.wait_until(lambda: done() > 0, 120, interval=0.5)


def test_the_site_answers_without_redis(live_stack, redis_server):
    redis_server.stop()
    with get(f"{live_stack.url}/accounts/login/") as response:
        assert response.status == 200


def test_the_site_says_so_without_postgres_and_recovers(live_stack, postgres_server):
    postgres_server.stop()
    with pytest.raises(urllib.error.HTTPError) as answer:
        get(f"{live_stack.url}/readyz")
    assert answer.value.code == 503
    postgres_server.start()

    def ready() -> bool:
        try:
            with get(f"{live_stack.url}/readyz") as response:
                return response.status == 200
        except urllib.error.HTTPError:
            return False

    assert processes.wait_until(ready, 30, interval=0.2)
