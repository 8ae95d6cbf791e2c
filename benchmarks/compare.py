"""Comparing runs with long curves: server time and weight of the page, and the verdict when nobody has asked before.

    python -m benchmarks.compare [--runs 10] [--epochs 1000] [--users 1000] [--requests 100]

Prints a JSON line for two short runs and for the long ones, side by side on the same site, and one for each first
verdict. Bytes are those of a first visit in Chromium with an empty cache, fonts and verdict included.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import time
from urllib.request import Request, urlopen

from django.utils import timezone
from playwright.sync_api import sync_playwright

from benchmarks.pages import server_times, sign_in, weight
from benchmarks.site import Site, emit, quantile, site
from experiments.models import EpochMetrics, Experiment
from experiments.tests.stored import stored_dataset
from experiments.tests.trained import trained_run
from mlopspro.testing import environment
from mlopspro.testing.browser import launch_arguments

SPLIT = {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 42}


def trained(bench: Site, count: int, users: int) -> list[Experiment]:
    """Real runs with results of each user, on one split."""
    workspace = bench.dataset.workspace
    data = bench.dataset if users == 1000 else stored_dataset(workspace, "Compared", users=users, items=500,
                                                               interactions=50 * users, seed=0)  # fmt: skip
    return [
        trained_run(data, f"neighbours {number}", "item_knn", split=SPLIT, parameters={"neighbours": 20 + 10 * number})
        for number in range(count)
    ]


def lengthen(run: Experiment, epochs: int) -> None:
    """Curves as a fit of this many epochs leaves them: two losses, the learning rate and a norm."""
    EpochMetrics.objects.filter(experiment=run).delete()
    now = timezone.now()
    EpochMetrics.objects.bulk_create(
        EpochMetrics(
            experiment=run,
            epoch=epoch,
            recorded_at=now + dt.timedelta(seconds=epoch * 1.237),
            values={
                "train_loss": 1 / math.sqrt(epoch) + 0.01 * math.sin(epoch * run.pk.int % 97),
                "val_loss": 1.1 / math.sqrt(epoch) + 0.02 * math.cos(epoch * run.pk.int % 89),
                "learning_rate": 0.001,
                "gradient_norm": 3.0 + math.sin(epoch),
            },
        )
        for epoch in range(1, epochs + 1)
    )


def first_verdict(url: str, cookie: str, ids: str, metric: str) -> float:
    """Milliseconds of the fragment for a metric that was not judged before."""
    request = Request(f"{url}/experiments/compare/verdict/?ids={ids}&metric={metric}",
                      headers={"Cookie": cookie, "HX-Request": "true"})  # fmt: skip
    began = time.perf_counter()
    with urlopen(request, timeout=60) as response:
        assert b"compare-sentence" in response.read()
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--users", type=int, default=1000)
    parser.add_argument("--requests", type=int, default=100)
    asked = parser.parse_args()
    try:
        with site("bench-compare", mlflow=False) as bench, sync_playwright() as playwright:
            runs = trained(bench, asked.runs, asked.users)
            for number, run in enumerate(runs):
                lengthen(run, 10 if number < 2 else asked.epochs)
            browser = playwright.chromium.launch(**launch_arguments())
            context = browser.new_context()
            sign_in(context.new_page(), bench)
            state = context.storage_state()
            cookie = "; ".join(f"{item['name']}={item['value']}" for item in state["cookies"])
            ids = ",".join(str(run.pk) for run in runs)
            for metric in ("catalogue.ndcg_at_10", "rated.f1_at_10", "pointwise.rmse", "catalogue.recall_at_50"):
                emit("first verdict", runs=len(runs), users=asked.users, metric=metric,
                     ms=round(first_verdict(bench.stack.url, cookie, ids, metric)))  # fmt: skip
            measure(browser, bench, state, cookie, runs[:2], asked.requests, epochs=10)
            for run in runs[:2]:
                lengthen(run, asked.epochs)
            measure(browser, bench, state, cookie, runs, asked.requests, epochs=asked.epochs)
            browser.close()
    finally:
        environment.finish()


def measure(
    browser: object, bench: Site, state: dict[str, object], cookie: str, runs: list[Experiment], requests: int,
    *, epochs: int,
) -> None:  # fmt: skip
    path = f"/experiments/compare/?ids={','.join(str(run.pk) for run in runs)}"
    server_times(bench.stack.url + path, cookie, 10)
    times = server_times(bench.stack.url + path, cookie, requests)
    size, count = weight(browser, bench, state, path)
    emit("compare", runs=len(runs), epochs=epochs, p50_ms=round(quantile(times, 0.5), 1),
         p95_ms=round(quantile(times, 0.95), 1), kilobytes=round(size / 1000), requests=count)  # fmt: skip


if __name__ == "__main__":
    main()
