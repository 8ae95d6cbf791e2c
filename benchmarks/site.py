"""A real site for a benchmark: PostgreSQL, Redis, MLflow, web server, workers and beat in a folder of their own."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mlopspro.testing import environment

environment.prepare()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlopspro.settings")

import django  # noqa: E402  settings read the environment prepared above

django.setup()

from experiments.models import Dataset  # noqa: E402
from experiments.tests.stored import stored_dataset  # noqa: E402
from mlopspro import embedded  # noqa: E402
from mlopspro.accounts.models import User, Workspace  # noqa: E402
from mlopspro.accounts.permissions import Scope  # noqa: E402
from mlopspro.accounts.services import keys  # noqa: E402
from mlopspro.testing.live_stack import LiveStack  # noqa: E402


class Site:
    """A live stack with the synthetic dataset of F15 and a key to launch runs with."""

    def __init__(self, stack: LiveStack) -> None:
        self.stack = stack
        workspace = Workspace.objects.get()
        owner = User.objects.get(email=stack.admin_email)
        self.token = keys.create_key(
            owner=owner,
            workspace=workspace,
            name="benchmark",
            scopes=[Scope.READ, Scope.TRAIN],
            expires_at=None,
            actor=owner,
        ).token
        self.dataset: Dataset = stored_dataset(
            workspace, "Synthetic", users=1000, items=500, interactions=50_000, seed=0
        )

    def call(self, path: str, body: dict[str, Any] | None = None) -> tuple[float, dict[str, Any]]:
        """(seconds, answer) of one API call."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.stack.url}/api{path}", data, headers)
        began = time.perf_counter()
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.loads(response.read())
        return time.perf_counter() - began, answer


@contextmanager
def site(name: str, *, mlflow: bool = True, **variables: str) -> Iterator[Site]:
    """Everything is stopped and its folder removed in the end. ``variables`` go into the processes' environment."""
    embedded.hold()
    embedded.ensure_running("postgres", "redis", *(("mlflow",) if mlflow else ()))
    stack = LiveStack(name, environment=variables)
    try:
        stack.start()
        with stack.as_default_database():
            yield Site(stack)
    finally:
        stack.stop()


def emit(benchmark: str, **figures: Any) -> None:
    """One JSON line a figure."""
    print(json.dumps({"benchmark": benchmark, **figures}), flush=True)


def quantile(values: list[float], share: float) -> float:
    """The value that this share of the values does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
