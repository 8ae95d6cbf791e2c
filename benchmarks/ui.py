"""The history and the comparison of runs in Chromium with an empty cache, beside MLflow's own pages of the same runs.

The runs are logged to MLflow with its client and read into our history by the product itself; then each page is opened
in turn, ours and MLflow's, by a browser that has never been there. ``visible``: from the request until the name of the
newest run stands in the table, or a chart has been drawn. ``kilobytes``: over the wire until 2.5 s later.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.conf import settings
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.pages import sign_in
from benchmarks.site import emit, site
from experiments.models import LoggedRun
from experiments.services import logged_runs
from experiments.tracking.mlflow_reader import MlflowReader
from mlopspro import embedded
from mlopspro.testing import environment
from mlopspro.testing.browser import launch_arguments

PATIENCE_SECONDS = 120.0
SETTLE_MS = 2500
"""What is fetched so long after the page became visible still counts; MLflow's pages never rest, they poll."""
ONLY_THIS_MACHINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
METRICS = ("f1_at_10", "precision_at_10", "recall_at_10", "rmse")
CURVES = ("train_loss", "val_loss")
EPOCHS = 10
DRAWN = """() => [...document.querySelectorAll("canvas")].some((canvas) => {
  if (!canvas.width || !canvas.offsetParent) return false;
  const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) {
    const rgb = data.subarray(i, i + 3);
    if (data[i + 3] > 99 && Math.max(...rgb) - Math.min(...rgb) > 60) return true;
  }
  return false;
})"""
"""Whether a canvas on the page holds a coloured point: axes and words are grey."""


@dataclass(frozen=True)
class Visit:
    visible_ms: float
    kilobytes: float
    requests: int


def log_runs(count: int) -> tuple[str, str]:
    """(MLflow experiment id, its name) with so many runs, the newest last, of a realistic size."""
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=embedded.mlflow_uri())
    name = f"ui {uuid.uuid4().hex[:8]}"
    experiment_id = client.create_experiment(name)
    chance = random.Random(0)
    start = round(time.time() * 1000) - count * 60_000
    for number in range(count):
        at = start + number * 60_000
        run = client.create_run(experiment_id, start_time=at, run_name=f"run {number:05}")
        last = [Metric(metric, chance.random(), at + 30_000, 0) for metric in METRICS]
        curves = [
            Metric(curve, math.exp(-epoch / 5) + chance.random() / 20, at + epoch * 1000, epoch)
            for curve in CURVES
            for epoch in range(1, EPOCHS + 1)
        ]
        params = {
            "learning_rate": chance.choice([0.1, 0.01, 0.001]),
            "epochs": EPOCHS,
            "embedding_dim": 32,
            "seed": number,
        }
        client.log_batch(
            run.info.run_id,
            last + curves,
            [Param(key, str(value)) for key, value in params.items()],
            [RunTag("model_type", "hybrid")],
        )
        client.set_terminated(run.info.run_id, end_time=at + 30_000)
    return experiment_id, name


def read_runs(name: str) -> float:
    """Seconds that our reading of all of them takes."""
    settings.LOGGED_RUNS_EXPERIMENTS = [name]
    reader = MlflowReader(embedded.mlflow_uri(), public_url=embedded.mlflow_uri(), timeout_seconds=30)
    began = time.perf_counter()
    while not (report := logged_runs.sync(60, using=reader)).done:
        if report.error:
            raise RuntimeError(report.error)
    return time.perf_counter() - began


def visit(browser: Browser, state: Any, url: str, ready: Callable[[Page], bool]) -> Visit:
    """One visit with an empty cache. Raises TimeoutError where the page never shows what it should."""
    context = browser.new_context(storage_state=state, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    while not ready(page):
        if time.perf_counter() - began > PATIENCE_SECONDS:
            raise TimeoutError(url)
        time.sleep(0.005)
    visible = time.perf_counter() - began
    page.wait_for_timeout(SETTLE_MS)
    context.close()
    return Visit(1000 * visible, sum(sizes) / 1000, len(sizes))


def shows(text: str) -> Callable[[Page], bool]:
    return lambda page: page.get_by_text(text, exact=True).first.is_visible()


def shows_our_chart(page: Page) -> bool:
    try:
        return bool(page.evaluate(DRAWN))
    except Exception:  # the page is being replaced
        return False


def shows_their_chart(page: Page) -> bool:
    return page.locator(".js-plotly-plot .main-svg").first.is_visible()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--visits", type=int, default=5)
    options = parser.parse_args()
    flags: dict[str, Any] = launch_arguments()
    flags["args"] = [*flags["args"], ONLY_THIS_MACHINE]
    try:
        with site("bench-ui") as bench, sync_playwright() as playwright:
            experiment_id, name = log_runs(options.runs)
            emit("ui", reading_seconds=round(read_runs(name), 1), runs=options.runs)
            newest = f"run {options.runs - 1:05}"
            pairs = list(
                LoggedRun.objects.filter(external_experiment=name)
                .order_by("-experiment__created_at")
                .values_list("external_id", "experiment_id")[:4]
            )
            theirs = json.dumps([external for external, _ in pairs], separators=(",", ":"))
            ours = ",".join(str(own) for _, own in pairs)
            mlflow = embedded.mlflow_uri()
            pages = {
                "history": (
                    (f"{bench.stack.url}/experiments/", shows(newest)),
                    (f"{mlflow}/#/experiments/{experiment_id}/runs", shows(newest)),
                ),
                "compare 4 runs": (
                    (f"{bench.stack.url}/experiments/compare/?ids={ours}", shows_our_chart),
                    (f'{mlflow}/#/compare-runs?runs={theirs}&experiments=["{experiment_id}"]', shows_their_chart),
                ),
            }
            browser = playwright.chromium.launch(**flags)
            context = browser.new_context()
            sign_in(context.new_page(), bench)
            state = context.storage_state()
            for page, (our, their) in pages.items():
                found: dict[str, list[Visit]] = {"ours": [], "mlflow": []}
                for number in range(options.visits + 1):  # the first of each warms the servers and does not count
                    for who, (url, ready), signed in (("ours", our, state), ("mlflow", their, None)):
                        seen = visit(browser, signed, url, ready)
                        if number:
                            found[who].append(seen)
                report(page, found, options.runs)
            browser.close()
    finally:
        environment.finish()


def report(page: str, found: dict[str, list[Visit]], runs: int) -> None:
    """Medians of both, and their ratio."""
    middle = {
        who: (median(one.visible_ms for one in seen), median(one.kilobytes for one in seen))
        for who, seen in found.items()
    }
    for who, (visible, kilobytes) in middle.items():
        emit("ui", page=page, who=who, runs=runs, visible_ms=round(visible), kilobytes=round(kilobytes),
             requests=found[who][0].requests, all_ms=[round(one.visible_ms) for one in found[who]])  # fmt: skip
    emit("ui", page=page, times_faster=round(middle["mlflow"][0] / middle["ours"][0], 1),
         times_fewer_bytes=round(middle["mlflow"][1] / middle["ours"][1], 1))  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
