"""Every page: server time, and what a first visit transfers in a real browser (fonts included).

    python -m benchmarks.pages [--requests 200]

Prints a JSON line a page. The site is filled with 200 runs, so that lists are full.
"""

from __future__ import annotations

import argparse
import time
import urllib.request

from playwright.sync_api import Page, sync_playwright

from benchmarks.default_run import run_once
from benchmarks.site import Site, emit, quantile, site
from experiments.models import Experiment
from experiments.tests.factories import make_experiment
from mlopspro.testing import environment
from mlopspro.testing.browser import launch_arguments


def sign_in(page: Page, bench: Site) -> None:
    page.goto(f"{bench.stack.url}/accounts/login/")
    page.fill("input[name=login]", bench.stack.admin_email)
    page.fill("input[name=password]", bench.stack.admin_password)
    page.click("button[type=submit]")
    page.wait_for_load_state()


def server_times(url: str, cookie: str, requests: int) -> list[float]:
    """Milliseconds of each request, one after the other, as the client sees them (loopback)."""
    found = []
    for _ in range(requests):
        request = urllib.request.Request(url, headers={"Cookie": cookie, "Accept-Encoding": "br, gzip"})
        began = time.perf_counter()
        with urllib.request.urlopen(request, timeout=30) as response:
            response.read()
        found.append(1000 * (time.perf_counter() - began))
    return found


def weight(browser: object, bench: Site, state: dict[str, object], path: str) -> tuple[int, int]:
    """(bytes over the wire, requests) of a visit with an empty cache."""
    context = browser.new_context(storage_state=state)  # type: ignore[attr-defined]
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.goto(f"{bench.stack.url}{path}")
    page.wait_for_load_state("networkidle")
    context.close()
    return sum(sizes), len(sizes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    requests = parser.parse_args().requests
    try:
        with site("bench-pages", mlflow=False) as bench, sync_playwright() as playwright:
            run_once(bench, [])
            run = Experiment.objects.get()
            for number in range(200):
                make_experiment(
                    run.workspace,
                    dataset=run.dataset,
                    name=f"run {number}",
                    status="cancelled",
                    finished_at=run.finished_at,
                )
            browser = playwright.chromium.launch(**launch_arguments())
            context = browser.new_context()
            sign_in(context.new_page(), bench)
            state = context.storage_state()
            cookie = "; ".join(f"{item['name']}={item['value']}" for item in state["cookies"])
            paths = [
                "/",
                "/training/",
                "/experiments/",
                "/datasets/",
                "/datasets/import/",
                f"/datasets/{run.dataset_id}/",
            ]
            paths += [
                f"/experiments/{run.pk}/?tab={tab}"
                for tab in ("overview", "metrics", "curves", "diagnostics", "artifacts", "log", "trackers")
            ]
            for path in ["/accounts/login/", *paths, "/settings/keys/", "/api/docs"]:
                server_times(bench.stack.url + path, cookie, 10)
                times = server_times(bench.stack.url + path, cookie, requests)
                size, count = weight(browser, bench, state if path != "/accounts/login/" else {}, path)
                name = path.replace(str(run.pk), "<run>").replace(str(run.dataset_id), "<dataset>")
                emit("page", path=name, p50_ms=round(quantile(times, 0.5), 1), p95_ms=round(quantile(times, 0.95), 1),
                     kilobytes=round(size / 1000), requests=count)  # fmt: skip
            browser.close()
    finally:
        environment.finish()


if __name__ == "__main__":
    main()
