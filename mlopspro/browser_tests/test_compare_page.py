"""Comparing two runs in a real browser: the verdict, what differs, and the tools of the curves."""

from __future__ import annotations

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from experiments.tests.pages.compared import add_epochs, address, trained_pair
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser as signed_in_browser
from mlopspro.testing.people import make_member, make_workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def site(live_server, page: Page, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    live_server.workspace = make_workspace("Research")
    person = make_member(live_server.workspace, Role.SCIENTIST)
    session = signed_in_browser(person).cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return live_server


def drawn(page: Page, key: str) -> list[dict]:
    """Visible data sets of a chart as Chart.js has them: label, and how many points."""
    script = """key => JSON.stringify(Chart.getChart(document.querySelector(`#chart-${key} canvas`)).data.datasets
        .map((set) => ({label: set.label, hidden: set.hidden, points: set.data.length})))"""
    return json.loads(page.evaluate(script, key))


def settled(page: Page, script: str, wanted: object) -> object:
    """What the script says once it says what is wanted, or in the end: charts take a moment to follow the window."""
    found = page.evaluate(script)
    for _ in range(40):
        if found == wanted:
            break
        page.wait_for_timeout(50)
        found = page.evaluate(script)
    return found


def hidden(page: Page, key: str) -> set[str]:
    return {one["label"] for one in drawn(page, key) if one["hidden"]}


def test_comparing_two_runs(page: Page, site):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    one, other = trained_pair(site.workspace)
    for run in (one, other):
        add_epochs(run, 8, train_loss=lambda epoch: 1 / epoch, val_loss=1.0)
    page.goto(site.url + address(one, other))

    verdict = page.locator("#compare-verdict")
    expect(verdict.locator(".compare-sentence")).to_contain_text("neighbours and popular on NDCG@10 (catalogue)")
    verdict.get_by_label("Judge by").select_option("catalogue.popularity_bias_at_10")
    expect(verdict.locator(".compare-sentence")).to_contain_text(
        "neighbours is better than popular on Popularity bias@10"
    )
    expect(page).to_have_url(re.compile(r"metric=catalogue\.popularity_bias_at_10$"))

    settings = page.locator("#compare-settings")
    expect(settings.get_by_role("row", name="Test share")).to_have_count(0)
    settings.get_by_role("link", name="Differences only").click()
    expect(settings.get_by_role("row", name="Test share")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"metric=catalogue\.popularity_bias_at_10&settings=all$"))
    expect(verdict.locator(".compare-sentence")).to_contain_text("neighbours is better than popular")

    page.get_by_role("button", name="Hide popular in the charts").click()
    for key in ("curve-train_loss", "quality-catalogue"):
        assert hidden(page, key) == {"B · popular"}
    page.locator("#chart-curve-val_loss").get_by_role("button", name="B · popular").click()
    assert hidden(page, "curve-train_loss") == set()

    page.locator("#chart-curve-train_loss input[type=range]").fill("0.6")
    assert [line["label"] for line in drawn(page, "curve-train_loss")] == [
        "A · neighbours", "A · neighbours (raw)", "B · popular", "B · popular (raw)",
    ]  # fmt: skip
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert settled(page, OVERFLOW, 0) == 0
    found = [
        f"{item['id']}: {node['html'][:200]}"
        for item in Axe().run(page).response["violations"]
        for node in item["nodes"]
    ]
    assert not found, "\n".join(found)
    assert complaints == []
