"""A metric of one's own, from a slip in its expression to a column of the history, on the real stack."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from experiments.models import CustomMetric, CustomMetricOutcome
from experiments.tests.custom_metrics.runs import users_of, value_of
from experiments.tests.jobs.running import start, until_ended
from mlopspro.core import formats

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
PATIENCE = 90_000
"""Milliseconds: the machine may be busy, and a web process reads its first Parquet file slowly then."""
NAME = "journey_first_three"


def sign_in(page: Page, stack) -> None:
    page.goto(f"{stack.url}/")
    page.get_by_label("E-mail address").fill(stack.admin_email)
    page.get_by_label("Password", exact=True).fill(stack.admin_password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.url}/")


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{page.url} {item['id']}: {node['html'][:160]}" for item in found for node in item["nodes"]]


def until_dealt_with(page: Page, run) -> None:
    for _ in range(PATIENCE // 200):
        if CustomMetricOutcome.objects.filter(experiment=run, metric__name=NAME).exists():
            return
        page.wait_for_timeout(200)
    raise AssertionError("no worker computed the metric")


def test_from_a_slip_in_an_expression_to_a_column_of_the_history(page: Page, live_stack):
    complaints: list[str] = []
    page.on("console", lambda entry: complaints.append(entry.text) if entry.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    CustomMetric.objects.filter(name=NAME).delete()
    old = until_ended(start("custom metric, old run", architecture="item_knn"))
    share = (users_of(old)["first_rank"] <= 3).mean()
    sign_in(page, live_stack)

    # A slip is pointed at while it is typed; an example is one click; the preview is the run's value.
    page.goto(f"{live_stack.url}/custom-metrics/new/")
    page.get_by_label("Expression").fill("catalogue: share(frist_rank <= 3)")
    expect(page.locator("#expression-check mark")).to_have_text("frist_rank", timeout=PATIENCE)
    expect(page.locator("#expression-check")).to_contain_text("Did you mean catalogue.first_rank?")
    page.locator("[data-expression]", has_text="share(first_rank <= 3)").click()
    page.get_by_label("Try it on").select_option(str(old.pk))
    expect(page.locator(".expression-value")).to_have_text(formats.metric(share, 4), timeout=PATIENCE)
    assert violations(page) == []

    # Saved while no worker is there: the list waits and says so; the next worker brings the value by itself.
    live_stack.kill("worker-io")
    page.get_by_label("Label").fill("Journey: first three")
    page.get_by_label("Name", exact=True).fill(NAME)
    page.get_by_role("button", name="Define metric").click()
    row = page.locator("#metric-states tr", has_text="Journey: first three")
    expect(row).to_contain_text("Computing", timeout=PATIENCE)
    assert violations(page) == []
    live_stack.heal()
    expect(row).not_to_contain_text("Computing", timeout=PATIENCE)
    assert value_of(old, NAME) == pytest.approx(share)

    # It is a column like any other, also of a run that ends later.
    new = until_ended(start("custom metric, new run", architecture="popularity"))
    until_dealt_with(page, new)
    page.goto(f"{live_stack.url}/experiments/?columns=name,metrics.custom.{NAME}&sort=-metrics.custom.{NAME}")
    for run in (old, new):
        shown = page.locator("tbody tr", has_text=run.name).first
        expect(shown).to_contain_text(formats.metric(value_of(run, NAME)), timeout=PATIENCE)
    page.goto(f"{live_stack.url}/experiments/{old.pk}/?tab=metrics")
    expect(page.locator("#protocol-custom")).to_contain_text("catalogue: share(first_rank <= 3)", timeout=PATIENCE)
    assert violations(page) == []
    assert complaints == []
