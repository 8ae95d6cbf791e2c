"""The history with 1,000, 100,000 and 1,000,000 runs, and MLflow's runs/search with 100,000 on the same PostgreSQL.

    python -m benchmarks.history [--sizes 1000 100000 1000000] [--requests 60] [--mlflow 100000]

Prints a JSON line a question and size: milliseconds of the whole page in the server (view, queries and template through
Django's test client, no network), of the search alone, and processor time of page and database together, which a busy
machine changes least. MLflow answers over HTTP on loopback from its own server, in turns with ours.
The databases take about 9 GB for a million runs and are dropped in the end.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from urllib.parse import urlencode

from benchmarks.site import emit, quantile  # it prepares the environment that Django's settings read

# isort: split
import psutil
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.http import QueryDict
from django.test import Client

import mlopspro.wsgi  # noqa: F401  as the web server does before its first request
from benchmarks.history_data import METRICS, fill
from benchmarks.history_mlflow import QUESTIONS as PEER_QUESTIONS
from benchmarks.history_mlflow import Peer
from experiments.models import MetricValue, ParameterValue
from experiments.selectors import history
from experiments.selectors.history import HistoryQuery
from experiments.tests.factories import make_experiment
from mlopspro import embedded
from mlopspro.accounts.models import Workspace
from mlopspro.testing import environment
from mlopspro.testing.people import browser, make_member, make_workspace

F1, NDCG, RMSE = "-metrics.rated.f1_at_10", "-metrics.catalogue.ndcg_at_10", "metrics.pointwise.rmse"
OFTEN = {"q": "metrics.rmse < 1.0", "sort": F1}
QUESTIONS: dict[str, dict[str, str]] = {
    "newest": {},
    "by F1": {"sort": F1},
    "by NDCG": {"sort": NDCG},
    "by RMSE": {"sort": RMSE},
    "by a parameter": {"sort": "-params.learning_rate"},
    "by name": {"sort": "name"},
    "by dataset": {"sort": "dataset"},
    "common filter": {"q": "metrics.rmse < 1.0"},
    "common filter, by F1": OFTEN,
    "filter against the order": {"q": "metrics.rmse > 1.2", "sort": F1},
    "two common filters, by NDCG": {"q": "metrics.rmse < 1.0 and params.learning_rate = 0.001", "sort": NDCG},
    "parameter equality, by a parameter": {"q": "params.embedding_dim = 50", "sort": "-params.reg_lambda"},
    "rare metric": {"q": "metrics.f1_score > 0.97", "sort": NDCG},
    "rare metric against the order": {"q": "metrics.rmse > 1.42", "sort": F1},
    "rare word of the name": {"q": "kestrel", "sort": F1},
    "rare tag": {"q": "tags = golden", "sort": RMSE},
    "dataset": {"q": 'dataset = "Shop 7"', "sort": F1},
    "status": {"status": "failed"},
    "OR": {"q": 'metrics.f1_score > 0.5 and params.learning_rate = 0.001 or name ~ "hybrid"', "sort": F1},
    "rare OR": {"q": 'metrics.f1_score > 0.97 or name ~ "kestrel"', "sort": NDCG},
    "common AND rare": {"q": "metrics.rmse < 1.0 and tags = golden", "sort": F1},
    "NOT": {"q": "not (tags = nightly or status = failed)", "sort": F1},
}

BESIDE = ("newest", "by F1", "common filter", "OR", "rare word of the name")
"""Asked of a workspace with thirty runs as well, beside the one that has them all."""


def measure(client: Client, workspace: Workspace, runs: int, requests: int, peer: Peer | None) -> None:
    deep = min(10_000, runs * 9 // 10)
    questions = {**QUESTIONS, "deep page": {"after": _deep(workspace, {}, deep)}}
    questions["deep page by F1"] = {"sort": F1, "after": _deep(workspace, {"sort": F1}, deep)}
    questions["deep page of a filter"] = {**OFTEN, "after": _deep(workspace, OFTEN, min(10_000, runs // 4))}
    measure_questions(client, workspace, runs, requests, questions, peer=peer)


def measure_questions(
    client: Client,
    workspace: Workspace,
    runs: int,
    requests: int,
    questions: Mapping[str, dict[str, str]],
    *,
    prefix: str = "",
    peer: Peer | None = None,
) -> None:
    """Milliseconds of the page and of the search alone for every question; the peer's in turns with them."""
    processor = Processor()
    for name, parameters in questions.items():
        address = f"/experiments/?{urlencode(parameters)}"
        query = HistoryQuery.of(QueryDict(urlencode(parameters)))
        page = history.page(workspace, query)
        assert page.error is None, page.error
        assert client.get(address).status_code == 200, address
        acts: list[Callable[[], object]] = [
            lambda address=address: client.get(address),  # type: ignore[misc]
            lambda query=query: history.page(workspace, query),  # type: ignore[misc]
        ]
        if peer is not None and name in PEER_QUESTIONS:
            acts.append(lambda name=name: peer.ask(name))  # type: ignore[misc]
        pages, searches, *theirs = _times(acts, requests)
        figures = {"p50_ms": _round(pages, 0.5), "p95_ms": _round(pages, 0.95)}
        figures |= {"search_p50_ms": _round(searches, 0.5), "search_p95_ms": _round(searches, 0.95)}
        figures["processor_ms"] = processor.milliseconds(acts[0])
        if theirs:
            figures |= {"mlflow_p50_ms": _round(theirs[0], 0.5), "mlflow_p95_ms": _round(theirs[0], 0.95)}
            figures["times_faster"] = round(quantile(theirs[0], 0.5) / quantile(pages, 0.5), 1)
        emit("history", runs=runs, question=prefix + name, **figures, found=page.count, exactly=page.count_is_exact)


class Processor:
    """Processor time of this process and of its database backend: what a page costs however busy the machine is."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            self._backend = psutil.Process(cursor.fetchone()[0])

    def milliseconds(self, act: Callable[[], object], repeats: int = 20) -> float:
        before = self._spent()
        for _ in range(repeats):
            act()
        return round(1000 * (self._spent() - before) / repeats, 1)

    def _spent(self) -> float:
        backend = self._backend.cpu_times()
        return time.process_time() + backend.user + backend.system


def small_workspace() -> Workspace:
    """Thirty runs of another workspace beside the many."""
    workspace = make_workspace("Small")
    for number in range(30):
        run = make_experiment(workspace, name=f"hybrid {number}")
        for protocol, name, higher in METRICS:
            figure = {"protocol": protocol, "name": name, "value": number / 30, "higher_is_better": higher}
            MetricValue.objects.create(workspace=workspace, experiment=run, **figure)
        rate = {"name": "learning_rate", "text": "0.001", "number": 0.001}
        ParameterValue.objects.create(workspace=workspace, experiment=run, **rate)
    return workspace


def _deep(workspace: Workspace, parameters: dict[str, str], after: int) -> str:
    """The cursor behind ``after`` runs."""
    cursor, size = "", min(1000, after)
    for _ in range(after // size):
        query = HistoryQuery.of(QueryDict(urlencode({**parameters, **({"after": cursor} if cursor else {})})))
        cursor = history.page(workspace, query, size).next_cursor
    return cursor


def _times(acts: Sequence[Callable[[], object]], requests: int) -> list[list[float]]:
    """Milliseconds of each act, all in turns, so that they meet the same load."""
    for act in acts:
        for _ in range(2):
            act()
    found: list[list[float]] = [[] for _ in acts]
    for _ in range(requests):
        for act, times in zip(acts, found, strict=True):
            began = time.perf_counter()
            act()
            times.append(1000 * (time.perf_counter() - began))
    return found


def _round(times: list[float], share: float) -> float:
    return round(quantile(times, share), 1)


@contextmanager
def database(name: str) -> Iterator[None]:
    """A database of its own with all tables, dropped in the end."""
    before = connection.settings_dict["NAME"]
    _create_or_drop(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"')
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        call_command("migrate", verbosity=0)
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before
        _create_or_drop(f'DROP DATABASE "{name}" WITH (FORCE)')


def _create_or_drop(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 100_000, 1_000_000])
    parser.add_argument("--requests", type=int, default=60)
    parser.add_argument("--mlflow", type=int, default=100_000, help="the size at which MLflow is asked too; 0: never")
    given = parser.parse_args()
    settings.ALLOWED_HOSTS = ["*"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    try:
        embedded.hold()
        embedded.ensure_running("postgres", "redis")
        for size in given.sizes:
            with database(f"history_{size}"):
                workspace = Workspace.objects.get_or_create(slug="default", defaults={"name": "Default"})[0]
                began = time.perf_counter()
                fill(workspace, size)
                emit("fill", runs=size, load=os.getloadavg()[0], seconds=round(time.perf_counter() - began))
                peer = Peer(size) if size == given.mlflow else None
                measure(browser(make_member(workspace)), workspace, size, given.requests, peer)
                beside = small_workspace()
                some = {name: QUESTIONS[name] for name in BESIDE}
                measure_questions(browser(make_member(beside)), beside, size, given.requests, some, prefix="beside: ")
    finally:
        environment.finish()


if __name__ == "__main__":
    main()
