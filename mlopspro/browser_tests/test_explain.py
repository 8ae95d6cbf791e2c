"""Why a list is as it is, in a real browser: a slip in the user's id, the list with its parts, one item in full."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from experiments.tests.jobs.running import start, until_ended

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
PATIENCE = 90_000
"""Milliseconds: the machine may be busy, and a web process reads its first Parquet file slowly then."""


def sign_in(page: Page, stack) -> None:
    page.goto(f"{stack.url}/")
    page.get_by_label("E-mail address").fill(stack.admin_email)
    page.get_by_label("Password", exact=True).fill(stack.admin_password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.url}/")


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{page.url} {item['id']}: {node['html'][:160]}" for item in found for node in item["nodes"]]


def test_from_a_slip_in_the_id_to_every_part_of_one_score(page: Page, browser: Browser, live_stack):
    complaints: list[str] = []
    page.on("console", lambda entry: complaints.append(entry.text) if entry.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_navigation_timeout(PATIENCE)
    run = until_ended(start("explained in the browser", architecture="item_knn"))
    sign_in(page, live_stack)
    page.goto(f"{live_stack.url}/experiments/{run.pk}/?tab=explain")
    page.get_by_label("User", exact=True).fill("nobody")
    page.keyboard.press("Enter")
    expect(page.locator(".field-error")).to_contain_text("“nobody” is an unknown user", timeout=PATIENCE)
    assert violations(page) == []
    page.locator(".card", has_text="For example").get_by_role("link").first.click()
    rows = page.get_by_role("region", name="The user's list with its reasons").locator("tbody tr")
    expect(rows).to_have_count(10, timeout=PATIENCE)
    assert "collaborative" in str(rows.first.get_by_role("img").get_attribute("aria-label"))
    assert violations(page) == []

    rows.nth(2).get_by_role("link").click()
    expect(page.get_by_text("place 3 of the user's list")).to_be_visible(timeout=PATIENCE)
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert complaints == []

    # The same without a single script.
    plain = browser.new_context(java_script_enabled=False, storage_state=page.context.storage_state())
    quiet = plain.new_page()
    quiet.goto(page.url)
    expect(quiet.get_by_role("region", name="The user's list with its reasons").locator("tbody tr")).to_have_count(10)
    plain.close()
