"""The site while PostgreSQL or Redis is away: plain words, no lost run, and everything goes on by itself."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import pytest

from experiments.models import Experiment, JobStatus
from experiments.tests.jobs.running import losses, start, until, until_ended, until_epoch
from experiments.tests.stored import stored_dataset
from mlopspro import embedded
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Scope
from mlopspro.accounts.services import keys
from mlopspro.testing.environment import worker_name
from mlopspro.testing.live_stack import redis_url_of

pytestmark = [pytest.mark.services, pytest.mark.timeout(300)]
ONE_TRAINER = {"MLOPSPRO_TRAIN_SLOTS": "1", "MLOPSPRO_JOB_WARM_SPARE": "0"}
"""One run at a time, and none started ahead: each spare reads TensorFlow for nobody."""


def through(url: str, proxy: Any) -> str:
    parts = urlsplit(url)
    credentials, _, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{credentials}@127.0.0.1:{proxy.port}").geturl()


def new_key() -> str:
    workspace, owner = Workspace.objects.get(slug="default"), User.objects.get()
    made = keys.create_key(
        owner=owner, workspace=workspace, name="outage", scopes=[Scope.READ, Scope.TRAIN], expires_at=None, actor=owner
    )
    return made.token


def call(stack: Any, path: str, key: str = "", body: Any = None) -> tuple[int, Any, str]:
    """(status, headers, text) whatever the status; fails only where nothing answers at all."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"} if key else {}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{stack.url}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def test_without_postgres_pages_say_so_and_a_running_job_waits_and_loses_no_epoch(make_live_stack, faulty_proxy):
    parts = urlsplit(embedded.database_url())
    proxy = faulty_proxy(parts.hostname, parts.port)
    name = "nodb"
    url = through(embedded.database_url(), proxy)
    url = urlsplit(url)._replace(path=f"/{name}_{worker_name()}").geturl()
    stack = make_live_stack(name, environment=ONE_TRAINER | {"DATABASE_URL": url, "MLOPSPRO_JOB_LEASE_SECONDS": "30"})
    with stack.as_default_database():
        key = new_key()
        run = until_epoch(start("through the outage", parameters={"epochs": 200, "embedding_dim": 16}), 3)
        proxy.mode = "refuse"
        time.sleep(3)
        status, headers, text = call(stack, "/accounts/login/")
        assert (status, headers["Retry-After"]) == (503, "5")
        assert "Traceback" not in text
        assert "database" in text.lower()
        status, headers, text = call(stack, "/api/experiments", key)
        assert status == 503
        assert json.loads(text)["status"] == 503
        assert call(stack, "/healthz")[0] == 200
        assert call(stack, "/readyz")[0] == 503
        proxy.mode = "pass"
        run = until_ended(run, 180)
        assert run.status == JobStatus.COMPLETED, run.failure_reason
        assert [epoch for epoch, _ in losses(run)] == list(range(1, 201))
        assert call(stack, "/readyz")[0] == 200
        assert call(stack, "/api/experiments", key)[0] == 200


@pytest.mark.parametrize("mode", ["refuse", "blackhole"])
def test_without_redis_runs_are_accepted_and_start_when_it_is_back(make_live_stack, faulty_proxy, mode):
    parts = urlsplit(embedded.redis_url())
    proxy = faulty_proxy(parts.hostname, parts.port)
    name = f"noredis-{mode}"
    stack = make_live_stack(name, environment=ONE_TRAINER | {"REDIS_URL": through(redis_url_of(name), proxy)})
    with stack.as_default_database():
        key = new_key()
        dataset = stored_dataset(Workspace.objects.get(slug="default"), "Small synthetic")
        first = start("runs through the outage", parameters={"epochs": 300, "embedding_dim": 16})
        first = until_epoch(first, 3)
        proxy.mode = mode
        body = {"dataset": str(dataset.pk), "architecture": "popularity", "trackers": []}
        status, _, text = call(stack, "/api/train", key, body)
        assert status == 202
        second = Experiment.objects.get(pk=json.loads(text)["data"]["id"])
        assert call(stack, "/accounts/login/")[0] == 200
        assert call(stack, "/api/experiments", key)[0] == 200
        first = until(first, lambda row: row.is_terminal, 120)
        assert (first.status, first.attempt) == (JobStatus.COMPLETED, 1)
        proxy.mode = "pass"
        second = until_ended(second, 120)
        assert second.status == JobStatus.COMPLETED
