"""The registry in a real browser: a run becomes a version, is promoted, replaced in spite of the gate, and rolled back
to; and the page knows what was live when."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from django.utils import timezone
from playwright.sync_api import Page, expect

from experiments.models import Deployment, StageChange
from experiments.tests.pages.compared import trained_pair
from experiments.tests.versions import make_live, make_version_row
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser as signed_in_browser
from mlopspro.testing.people import make_member, make_workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def site(live_server, page: Page, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    live_server.workspace = make_workspace("Research")
    person = make_member(live_server.workspace, Role.ENGINEER, name="Ada Lovelace")
    session = signed_in_browser(person).cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return live_server


PAGES = [
    "/models/",
    "{model}",
    "{model}?tab=versions",
    "{model}?tab=deployments&at=2026-01-01",
    "{model}rollback/",
    "{model}compare/?verdict=now",
    "{version}card/",
    "{version}card/edit/",
    "{version}compliance/",
    "/models/new/",
    "/models/register/",
    "/lineage/",
]


def is_clean(page: Page) -> None:
    """No violation that axe finds, and nothing wider than the window on a phone."""
    violations = Axe().run(page).response["violations"]
    assert not [(found["id"], node["html"][:160]) for found in violations for node in found["nodes"]]
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate(OVERFLOW) <= 0
    page.set_viewport_size({"width": 1280, "height": 800})


def test_register_promote_force_and_roll_back(page: Page, site):
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    good, worse = trained_pair(site.workspace)

    page.goto(f"{site.url}/experiments/{good.pk}/")
    page.get_by_role("link", name="Register").click()
    page.get_by_label("Name of the new model").fill("Film night")
    page.get_by_label("Notes").fill("Neighbours of items.")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Film night 1.0.0")).to_be_visible()
    is_clean(page)

    page.get_by_role("link", name="Promote to production").click()
    expect(page.get_by_text("is the first version of Film night in production")).to_be_visible()
    page.get_by_label("Reason").fill("The first one")
    forced_first = page.get_by_label("Promote in spite of it")
    if forced_first.count():  # where the tiny data set makes it lose to popularity
        forced_first.check()
    page.get_by_role("button", name=re.compile("^Promote")).click()
    expect(page.locator(".page-head")).to_contain_text("version 1.0.0")
    first_live = Deployment.objects.get()

    page.goto(f"{site.url}/models/register/?run={worse.pk}")
    expect(page.locator(".proposal")).to_contain_text("2.0.0 is proposed. Another architecture")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Film night 2.0.0")).to_be_visible()
    page.get_by_role("link", name="Promote to production").click()
    expect(page.get_by_role("list", name="What speaks against it").get_by_role("listitem").first).to_be_visible()
    expect(page.get_by_text("2.0.0 takes the place of 1.0.0")).to_be_visible()
    is_clean(page)
    page.get_by_label("Promote in spite of it").check()
    page.get_by_label("Reason").fill("short")
    page.get_by_role("button", name="Promote in spite of it").click()
    expect(page.locator(".field-error")).to_contain_text("at least 10 characters")
    page.get_by_label("Reason").fill("A trial on a quiet day.")
    page.get_by_label("Promote in spite of it").check()
    page.get_by_role("button", name="Promote in spite of it").click()
    expect(page.locator(".page-head")).to_contain_text("version 2.0.0")
    assert StageChange.objects.get(forced=True, version__major=2).reason == "A trial on a quiet day."

    page.get_by_role("link", name="Roll back to 1.0.0").click()
    page.get_by_label("Reason").fill("Sales fell.")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("Film night is back on 1.0.0.").last).to_be_visible()
    expect(page.locator(".page-head")).to_contain_text("version 1.0.0")

    page.get_by_role("link", name="Deployments").click()
    first_live.refresh_from_db()
    between = first_live.started_at + (first_live.ended_at - first_live.started_at) / 2
    page.get_by_label("Moment").fill(between.isoformat())
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#live-at-answer")).to_contain_text("1.0.0 was live, put there by Ada Lovelace")
    page.get_by_label("Moment").fill((first_live.started_at - timezone.timedelta(days=1)).isoformat())
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#live-at-answer")).to_contain_text("no version of Film night was live")
    page.get_by_role("link", name="Lineage").click()
    expect(page.get_by_role("region", name="Lineage, from data to deployment")).to_be_visible()
    expect(page.locator(".lineage-title", has_text="as champion")).to_have_count(3)
    is_clean(page)
    assert [message for message in complaints if "422" not in message] == []


def test_every_page_is_accessible_and_fits_a_phone(page: Page, site):
    made = [make_version_row(site.workspace, number=number) for number in ("1.0.0", "1.1.0", "1.2.0")]
    for version in made[:2]:
        make_live(version)
    model = f"/models/{made[0].model_id}/"
    for address in PAGES:
        page.goto(site.url + address.format(model=model, version=f"{model}versions/{made[1].pk}/"))
        is_clean(page)
    page.goto(f"{site.url}/models/register/?run={made[0].experiment_id}")
    is_clean(page)
