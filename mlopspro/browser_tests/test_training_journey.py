"""The main job from end to end on the real stack: data in, a run watched while it trains, its metrics read."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from experiments.models import EpochMetrics, Experiment
from experiments.tests.pages import scenes

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
SHOTS = os.environ.get("MLOPSPRO_SCREENSHOTS", "")
PATIENCE = 180_000
"""Milliseconds: the machine may be busy with other tests, and a trainer imports TensorFlow first."""
FIRST_VISIT_BYTES = 250_000
UUID = r"[0-9a-f-]{36}"


def look(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"journey-{name}.png"), full_page=True)


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{page.url} {item['id']}: {node['html'][:160]}" for item in found for node in item["nodes"]]


def sign_in(page: Page, stack) -> None:
    page.goto(f"{stack.url}/")
    page.get_by_label("E-mail address").fill(stack.admin_email)
    page.get_by_label("Password", exact=True).fill(stack.admin_password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.url}/")


def badge(page: Page):
    return page.locator("#run-status .badge")


def start(page: Page, name: str, **values: str) -> str:
    """Fills the form that is shown and starts; returns the run's id."""
    page.locator("[name=name]").fill(name)
    for label, value in values.items():
        page.get_by_label(label.replace("_", " ")).fill(value)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    return re.search(UUID, page.url)[0]


def test_from_a_file_to_a_trained_run_and_back_into_the_form(page: Page, live_stack, tmp_path):
    complaints: list[str] = []
    page.on("console", lambda entry: complaints.append(entry.text) if entry.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, live_stack)

    # Data in: upload, review, confirm; the page moves on by itself.
    file = tmp_path / "ratings.csv"
    file.write_text(scenes.RATINGS_CSV + "1,2,oops,1\n")
    page.goto(f"{live_stack.url}/datasets/import/")
    page.locator("[name=interactions]").set_input_files(file)
    page.get_by_role("button", name="Upload and review").click()
    expect(page.get_by_text("What was detected")).to_be_visible()
    page.get_by_label("Dataset name").fill("journey ratings")
    look(page, "review")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page).to_have_url(re.compile(f"/datasets/{UUID}/$"), timeout=PATIENCE)
    expect(page.get_by_text("oops")).to_be_visible()
    assert violations(page) == []
    look(page, "dataset")

    # A run, watched without reloading: the page object survives from the first epoch to the metrics.
    page.get_by_role("link", name="Train on it").click()
    # Long enough to be seen running: fifteen epochs of this data are over between two looks.
    run = start(page, "journey run", Epochs="300", Tags="journey")
    expect(page.locator("#toasts")).to_contain_text(run)
    page.evaluate("window.still = 'the same page'")
    expect(badge(page)).to_have_text("Running", timeout=PATIENCE)
    expect(page.locator("#run-status")).to_contain_text("Epoch", timeout=PATIENCE)
    look(page, "running")
    expect(badge(page)).to_have_text("Completed", timeout=PATIENCE)
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_be_visible()
    assert page.evaluate("window.still") == "the same page"
    look(page, "completed")
    for tab in ("Overview", "Metrics", "Curves", "Diagnostics", "Artifacts", "Log", "Trackers"):
        page.locator(".tabs").get_by_role("link", name=tab).click()
        expect(page.locator(".tabs [aria-current=page]")).to_have_text(tab)
        look(page, tab.lower())
        assert violations(page) == []
    assert EpochMetrics.objects.filter(experiment=run).count() == 300

    # Stop another, retry it, and clone it into the form.
    page.goto(f"{live_stack.url}/training/")
    stopped = start(page, "journey long run", Epochs="1000")
    expect(page.locator("#run-status")).to_contain_text("Epoch", timeout=PATIENCE)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop run").click()
    expect(badge(page)).to_have_text("Cancelled", timeout=PATIENCE)
    kept = EpochMetrics.objects.filter(experiment=stopped).count()
    assert 0 < kept < 1000
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("#run-status")).to_contain_text("Epoch", timeout=PATIENCE)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop run").click()
    expect(badge(page)).to_have_text("Cancelled", timeout=PATIENCE)
    assert EpochMetrics.objects.filter(experiment=stopped).count() >= kept
    page.get_by_role("link", name="Clone").click()
    expect(page.get_by_label("Epochs")).to_have_value("1000")
    start(page, "journey clone", Epochs="2")
    expect(badge(page)).to_have_text("Completed", timeout=PATIENCE)
    assert Experiment.objects.get(name="journey clone").cloned_from_id == Experiment.objects.get(pk=stopped).pk
    assert complaints == []


def until_more_than(page: Page, script: str, number: int) -> None:
    """Asks from outside: the page's own policy forbids it to evaluate strings, as waiting inside it would."""
    for _ in range(PATIENCE // 300):
        if page.evaluate(script) > number:
            return
        page.wait_for_timeout(300)
    raise AssertionError(f"{script} stayed at {page.evaluate(script)}")


def test_curves_and_log_are_live(page: Page, live_stack):
    sign_in(page, live_stack)
    dataset = Experiment.objects.filter(name="journey run").values_list("dataset", flat=True).first()
    if dataset is None:
        pytest.skip("the journey before this one made no dataset")
    page.goto(f"{live_stack.url}/training/?dataset={dataset}")
    run = start(page, "journey curves", Epochs="1000")
    page.goto(f"{live_stack.url}/experiments/{run}/?tab=curves")
    drawn = 'Chart.getChart(document.querySelector("#chart-loss canvas"))?.data.datasets[0]?.data.length ?? 0'
    until_more_than(page, drawn, 3)
    page.evaluate("window.canvas = document.querySelector('#chart-loss canvas')")
    until_more_than(page, drawn, page.evaluate(drawn))
    assert page.evaluate("window.canvas === document.querySelector('#chart-loss canvas')"), "the chart is not remade"
    page.goto(f"{live_stack.url}/experiments/{run}/?tab=log")
    expect(page.locator("#run-log .log-line").first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop run").click()
    expect(page.locator("#run-log")).to_contain_text("asked it to stop", timeout=PATIENCE)
    texts = page.locator("#run-log .log-line").all_inner_texts()
    assert len(texts) == len(set(texts)), "no line twice"


@pytest.mark.parametrize(
    "path", ["/", "/datasets/", "/training/", "/experiments/", "{run}", "{run}?tab=curves", "{data}"]
)
def test_a_first_visit_is_light(browser: Browser, live_stack, path):
    """Everything over the wire on a first visit, fonts included, as a browser counts it."""
    run = Experiment.objects.order_by("-created_at").first()
    if run is None:
        pytest.skip("there is no run to visit")
    address = path.format(run=f"/experiments/{run.pk}/", data=f"/datasets/{run.dataset_id}/")
    with browser.new_context() as signed_in:
        sign_in(signed_in.new_page(), live_stack)
        cookies = signed_in.cookies()
    with browser.new_context() as fresh:
        fresh.add_cookies(cookies)
        page = fresh.new_page()
        wire = fresh.new_cdp_session(page)
        wire.send("Network.enable")
        sizes: list[int] = []
        wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        page.goto(live_stack.url + address)
        page.wait_for_load_state("load")
        page.evaluate("document.fonts.ready")
        page.wait_for_timeout(500)
        assert len(sizes) > 5
        assert sum(sizes) <= FIRST_VISIT_BYTES, f"{address}: {sum(sizes):,.0f} bytes"
