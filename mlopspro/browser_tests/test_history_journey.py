"""The history in a real browser: one person finds, sorts, ticks, tags, pins, saves a view and opens it again."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from experiments.models import Experiment, SavedView
from experiments.tests.pages import scenes
from experiments.tests.pages.table import F1, measured
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser as signed_in_browser
from mlopspro.testing.people import make_member, make_workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server, page: Page, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    workspace = make_workspace("Research")
    person = make_member(workspace, Role.SCIENTIST, name="Ada Lovelace")
    dataset = scenes.make_dataset(workspace, name="MovieLens")
    for number in range(6):
        kind = "hybrid" if number % 2 else "popularity"
        measured(workspace, dataset, f"{kind} {number}", f1=0.5 + number / 20, rmse=1 - number / 20)
    session = signed_in_browser(person).cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return live_server


def names(page: Page) -> list[str]:
    return page.locator("tbody th a").all_inner_texts()


def query(page: Page, text: str) -> None:
    page.keyboard.press("/")
    expect(page.get_by_label("Query")).to_be_focused()
    page.get_by_label("Query").fill(text)
    page.keyboard.press("Enter")


def test_from_a_query_to_a_view_that_is_opened_again(page: Page, site):
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{site.url}/experiments/")

    query(page, "hybrid")
    expect(page.locator("tbody tr")).to_have_count(3)
    expect(page).to_have_url(re.compile(r"\?q=hybrid$"))

    query(page, "hybrid and staus = failed")
    expect(page.locator("mark")).to_have_text("staus")
    assert sorted(names(page)) == ["hybrid 1", "hybrid 3", "hybrid 5"]
    query(page, "hybrid")
    expect(page.locator("mark")).to_have_count(0)

    page.get_by_role("link", name="F1@10", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("F1@10")
    assert names(page) == ["hybrid 5", "hybrid 3", "hybrid 1"]

    page.locator("summary", has_text="Columns").click()
    page.get_by_label("Find a column").fill("seed")
    page.get_by_label("Seed", exact=True).check()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name="Seed")).to_be_visible()
    assert "sort=" in page.url

    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    bar = page.locator("[data-selection-bar]")
    expect(bar).to_contain_text("2 runs ticked")
    bar.locator("summary", has_text="Tags").click()
    page.get_by_label("Tags, separated by commas").fill("paper")
    page.locator("tbody").evaluate("rows => { rows.dataset.before = ''; }")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 runs tagged paper")).to_be_visible()
    expect(page.locator("tbody[data-before]")).to_have_count(0)  # the rows have been replaced
    assert Experiment.objects.filter(tags=["paper"]).count() == 2
    expect(bar).to_contain_text("2 runs ticked")
    page.get_by_label("Tick hybrid 5").uncheck()
    bar.get_by_role("button", name="Compare").click(force=True)
    expect(page.get_by_text("Tick at least 2 runs to compare them").last).to_be_visible()
    bar.get_by_role("button", name="Pin", exact=True).click()
    expect(page.locator("tr.is-pinned")).to_contain_text("hybrid 3")
    violations = Axe().run(page).response["violations"]
    assert not [(found["id"], node["html"][:160]) for found in violations for node in found["nodes"]]

    page.locator("summary", has_text="Views").click()
    page.get_by_label("Keep this state as").fill("Best hybrids")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("View Best hybrids")).to_be_visible()
    view = SavedView.objects.get()
    assert F1 in view.query

    page.goto(f"{site.url}/experiments/")
    assert len(names(page)) == 6
    page.locator("summary", has_text="Views").click()
    page.get_by_role("link", name="Best hybrids").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    assert names(page) == ["hybrid 3", "hybrid 5", "hybrid 1"]
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(6)
    assert problems == []
