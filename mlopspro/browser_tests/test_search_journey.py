"""From the training page to a search, its live page, and the training form filled in with what it found."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from experiments.tests.jobs.running import start, until_ended
from mlopspro.browser_tests.test_explain import PATIENCE, sign_in, violations

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]


def test_from_the_training_form_to_the_best_values(page: Page, live_stack):
    complaints: list[str] = []
    page.on("console", lambda entry: complaints.append(entry.text) if entry.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_navigation_timeout(PATIENCE)
    run = until_ended(start("before the search", architecture="item_knn"))
    sign_in(page, live_stack)
    page.goto(f"{live_stack.url}/training/?clone={run.pk}")
    page.get_by_role("button", name="Search instead").click()
    expect(page.get_by_role("heading", name="New search")).to_be_visible(timeout=PATIENCE)
    row = page.locator("#space-row-neighbours")
    expect(row.get_by_label("From")).to_be_visible()
    row.get_by_label("From").fill("900")
    row.get_by_label("To", exact=True).fill("5")
    page.get_by_role("textbox", name="Trials").fill("3")
    page.get_by_role("button", name="Start search").click()
    expect(row.locator(".field-error")).to_contain_text("must be greater", timeout=PATIENCE)
    assert violations(page) == []
    row.get_by_label("From").fill("5")
    row.get_by_label("To", exact=True).fill("200")
    page.get_by_role("button", name="Start search").click()
    expect(page.get_by_text("of 3 trials")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#search-now")).to_contain_text("3 completed", timeout=3 * PATIENCE)
    expect(page.locator("#search-now .badge", has_text="Completed").first).to_be_visible(timeout=PATIENCE)
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.set_viewport_size({"width": 1280, "height": 800})
    page.reload()
    assert violations(page) == []
    page.locator("#search-actions").get_by_role("link", name="Use these").click()
    expect(page.get_by_role("heading", name="Training", exact=True)).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_label("Neighbours", exact=True)).not_to_have_value("")
    assert [one for one in complaints if "422" not in one] == [], "the refused form alone may be complained of"
