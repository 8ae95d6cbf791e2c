"""Every monitoring page and check with few and with many logged predictions, side by side.

    python -m benchmarks.monitoring_pages [--sizes 10000 10000000] [--requests 60]

Two sites run at once on one PostgreSQL, with databases of their own: one has 10,000 predictions over the last seven
days, the other 10,000,000 over the same days (benchmarks/monitoring_data.py). Each page is asked in turn from both, so
that whatever else the machine does falls on both. Prints a JSON line a page with p50 and p95 of both and the ratio of
the medians, and the seconds that filling took. Needs some 5 GB of disk for the time and removes them afterwards.
"""

from __future__ import annotations

import argparse
import http.client
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from benchmarks.monitoring_data import fill, live_source
from benchmarks.site import emit, quantile
from mlopspro import embedded
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Scope
from mlopspro.accounts.services import keys
from mlopspro.testing import environment
from mlopspro.testing.live_stack import LiveStack
from monitoring.models import Prediction, Source

WARM_UP = 5


@dataclass(frozen=True)
class Filled:
    """A site with so many predictions. ``cookie`` of a person who is signed in, ``token`` of an API key."""

    stack: LiveStack
    size: int
    model: str
    prediction: str
    cookie: str
    token: str

    def pages(self) -> dict[str, str]:
        """Name → path; the same names on every site."""
        overview = f"/monitoring/?model={self.model}"
        found = {"all models": "/monitoring/"}
        found |= {f"a model, {period}": f"{overview}&period={period}" for period in ("1h", "24h", "7d", "30d")}
        api = f"/api/ml-development/models/{self.model}/monitoring"
        return found | {
            "system health": "/monitoring/health/",
            "one prediction": f"/monitoring/predictions/{self.prediction}/",
            "api predictions": f"/api/mlops/predictions?model={self.model}",
            "api confidence": f"/api/mlops/confidence?model={self.model}",
            "api statistics": f"/api/mlops/prediction-statistics?model={self.model}",
            "api history": f"/api/mlops/metric-history?model={self.model}",
            "api system health": "/api/mlops/system-health",
            "api monitoring of a model": api,
        }


def filled(size: int) -> Filled:
    stack = LiveStack(f"bench-log-{size}", names=("web",))
    stack.start()
    with stack.as_default_database():
        workspace = Workspace.objects.get(slug="default")
        source = live_source(workspace)
        fill(source, size)
        return _described(stack, size, source)


def _described(stack: LiveStack, size: int, source: Source) -> Filled:
    from django.test import Client

    owner = User.objects.get(email=stack.admin_email)
    client = Client()
    client.force_login(owner)
    token = keys.create_key(
        owner=owner, workspace=source.workspace, name="reads", scopes=[Scope.READ], expires_at=None, actor=owner
    ).token
    newest = Prediction.objects.filter(source=source).order_by("-day", "-at").values_list("pk", flat=True).first()
    cookie = "; ".join(f"{name}={value.value}" for name, value in client.cookies.items())
    return Filled(stack, size, str(source.model_id), str(newest), cookie, token)


def ask(site: Filled, connection: http.client.HTTPConnection, path: str) -> tuple[float, int]:
    """(milliseconds, status)."""
    headers = {"Accept-Encoding": "br, gzip"}
    headers |= {"Authorization": f"Bearer {site.token}"} if path.startswith("/api/") else {"Cookie": site.cookie}
    began = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return 1000 * (time.perf_counter() - began), answer.status


def compare(sites: list[Filled], requests: int) -> None:
    lines = [http.client.HTTPConnection(urlsplit(site.stack.url).netloc, timeout=120) for site in sites]
    for name in sites[0].pages():
        times: list[list[float]] = [[] for _ in sites]
        statuses: set[int] = set()
        for number in range(WARM_UP + requests):
            for place, site in enumerate(sites):
                milliseconds, status = ask(site, lines[place], site.pages()[name])
                statuses.add(status)
                if number >= WARM_UP:
                    times[place].append(milliseconds)
        medians = [quantile(mine, 0.5) for mine in times]
        figures = {
            f"{site.size}": {"p50_ms": round(quantile(mine, 0.5), 1), "p95_ms": round(quantile(mine, 0.95), 1)}
            for site, mine in zip(sites, times, strict=True)
        }
        emit(
            "monitoring pages",
            page=name,
            statuses=sorted(statuses),
            ratio=round(medians[-1] / medians[0], 2),
            **figures,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 10_000_000])
    parser.add_argument("--requests", type=int, default=60)
    options = parser.parse_args()
    embedded.hold()
    embedded.ensure_running("postgres", "redis")
    sites: list[Filled] = []
    try:
        for size in options.sizes:
            sites.append(filled(size))  # noqa: PERF401  those that were made are stopped where the next one fails
        compare(sites, options.requests)
    finally:
        for site in sites:
            site.stack.stop()
        environment.finish()


if __name__ == "__main__":
    main()
