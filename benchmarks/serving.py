"""Lists over HTTP from one web process with its log on, beside `mlflow models serve` with the same hybrid, in one run.

    python -m benchmarks.serving [--seconds 8] [--rounds 2] [--items 10000]

Prints a JSON line a measurement and one a ratio. The web process is gunicorn as `manage.py up` starts it, with
MLOPSPRO_WEB_WORKERS=1, an API key on every request and the log shipper running; MLflow's is one worker that calls
``model.predict`` over all items. Clients keep their connections (TCP_NODELAY) and run on the same cores. In the end
every answer is looked for in the log.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.clients import Asked, Measured, ask
from benchmarks.served import in_production, movielens_or_like_it
from benchmarks.serving_mlflow import asked_of_mlflow, mlflow_serves
from benchmarks.site import Site, emit, site
from experiments.learning.data.snapshot import read_snapshot
from experiments.models import Dataset, ModelVersion
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import User
from mlopspro.accounts.permissions import Scope
from mlopspro.accounts.services import keys
from mlopspro.testing import environment
from monitoring.models import Prediction

CLIENTS = (1, 4)
SETTLE_SECONDS = 60.0


def serving_key(bench: Site) -> str:
    owner = User.objects.get(email=bench.stack.admin_email)
    return keys.create_key(
        owner=owner, workspace=bench.dataset.workspace, name="asks", scopes=[Scope.SERVE, Scope.LOG, Scope.READ],
        expires_at=None, actor=owner,
    ).token  # fmt: skip


def asked_of_us(token: str, model: str, users: list[str]) -> Callable[[random.Random], Asked]:
    headers = {"Authorization": f"Bearer {token}"}

    def make(chance: random.Random) -> Asked:
        return "GET", f"/api/recommend/{chance.choice(users)}?n=10&model={model}", None, headers

    return make


def measured(what: str, url: str, make: Any, clients: int, seconds: float, **more: Any) -> Measured:
    found = ask(url, make, clients=clients, seconds=seconds)
    emit("serving", what=what, clients=clients, per_second=round(found.rate, 1), p50_ms=round(found.p50, 2),
         p95_ms=round(found.p95, 2), requests=found.requests, errors=found.errors, **more)  # fmt: skip
    return found


def beside_mlflow(bench: Site, token: str, version: ModelVersion, seconds: float, rounds: int) -> int:
    """Both in turn; the number of our answers."""
    users = [str(name) for name in read_snapshot(version.dataset.path).user_ids]
    ours = asked_of_us(token, str(version.model_id), users)
    asked = measured("ours, warm-up", bench.stack.url, ours, 2, 2).requests
    with tempfile.TemporaryDirectory() as folder, mlflow_serves(version, Path(folder)) as peer:
        theirs = asked_of_mlflow(len(users))
        measured("mlflow, warm-up", peer, theirs, 2, 5)
        for clients in CLIENTS:
            pairs = []
            for _ in range(rounds):
                their = measured("mlflow", peer, theirs, clients, seconds)
                our = measured("ours", bench.stack.url, ours, clients, seconds)
                asked += our.requests
                pairs.append((our, their))
            emit("serving", clients=clients, times_requests=round(median(a.rate / b.rate for a, b in pairs), 1),
                 p95_is_one_in=round(median(b.p95 / a.p95 for a, b in pairs), 1),
                 p50_is_one_in=round(median(b.p50 / a.p50 for a, b in pairs), 1))  # fmt: skip
    return asked


def of_many_items(bench: Site, token: str, items: int, seconds: float) -> int:
    data: Dataset = stored_dataset(
        bench.dataset.workspace, "Many items", users=2000, items=items, interactions=20 * items, seed=0
    )
    version = in_production(bench, data, "Many items", "hybrid", "epochs=1")
    users = [str(name) for name in read_snapshot(data.path).user_ids]
    make = asked_of_us(token, str(version.model_id), users)
    time.sleep(3)  # until the web process has it
    asked = measured(f"ours, {items:,} items, warm-up", bench.stack.url, make, 1, 1).requests
    for clients in CLIENTS:
        asked += measured(f"ours, {items:,} items", bench.stack.url, make, clients, seconds).requests
    return asked


def count_logged(asked: int) -> None:
    """Every answer must come to stand in the log."""
    until = time.monotonic() + SETTLE_SECONDS
    while (logged := Prediction.objects.count()) < asked and time.monotonic() < until:
        time.sleep(0.5)
    emit("serving", what="log", answers=asked, logged=logged)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    try:
        with site("bench-serving", mlflow=False, MLOPSPRO_WEB_WORKERS="1") as bench:
            token = serving_key(bench)
            version = in_production(bench, movielens_or_like_it(bench), "Hybrid", "hybrid", f"epochs={options.epochs}")
            time.sleep(3)  # until the web process has it
            asked = beside_mlflow(bench, token, version, options.seconds, options.rounds)
            if options.items:
                asked += of_many_items(bench, token, options.items, options.seconds)
            count_logged(asked)
    finally:
        environment.finish()


if __name__ == "__main__":
    main()
