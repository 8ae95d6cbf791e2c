"""Sign-in and settings in a real browser: narrow and wide, dark and light, without a violation or a complaint."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from mlopspro.accounts.models import Membership
from mlopspro.accounts.permissions import Role, Scope
from mlopspro.accounts.services import keys
from mlopspro.testing.people import PASSWORD, make_member, make_workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SETTINGS = ("profile", "keys", "people", "workspace", "audit")
SHOTS = os.environ.get("MLOPSPRO_SCREENSHOTS", "")
"""Where somebody who wants to look at the pages has them pictured."""


@pytest.fixture
def site(live_server):
    workspace = make_workspace("Research")
    admin = make_member(workspace, Role.ADMINISTRATOR, name="Ada Lovelace")
    Membership.objects.create(user=admin, workspace=make_workspace("Production"), role=Role.VIEWER)
    for role in (Role.SCIENTIST, Role.ENGINEER, Role.VIEWER):
        make_member(workspace, role, name=f"Sam {role.label}", is_active=role != Role.VIEWER)
    made = keys.create_key(
        owner=admin, workspace=workspace, name="nightly", scopes=[Scope.READ], expires_at=None, actor=admin
    )
    keys.revoke_key(made.key, admin, "replaced")
    live_server.admin, live_server.workspace = admin, workspace
    return live_server


@pytest.fixture
def complaints(page: Page):
    """What the browser's console says; the pages must give it no reason, the strict CSP included."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def sign_in(page: Page, site) -> None:
    page.goto(f"{site.url}/settings/profile/")
    page.get_by_label("E-mail address").fill(site.admin.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.url}/settings/profile/")


def look(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{item['id']}: {node['html'][:160]}" for item in found for node in item["nodes"]]


@pytest.mark.parametrize(("width", "theme"), [(1440, "dark"), (360, "light")])
def test_the_pages_are_sound_for_everybody(page: Page, site, complaints, width, theme):
    site.admin.theme = theme
    site.admin.save()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site.url}/accounts/login/")
    look(page, f"login-{width}")
    assert violations(page) == []
    sign_in(page, site)
    for name in (*SETTINGS, "password"):
        path = "accounts/password/change/" if name == "password" else f"settings/{name}/"
        page.goto(f"{site.url}/{path}")
        look(page, f"{name}-{width}")
        assert violations(page) == [], name
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name} scrolls sideways at {width} px"
    assert complaints == []


def test_a_key_is_made_copied_and_revoked(page: Page, site, complaints):
    sign_in(page, site)
    page.goto(f"{site.url}/settings/keys/")
    page.get_by_label("Name").fill("from the browser")
    page.get_by_label("Read", exact=True).check()
    page.get_by_role("button", name="Create key").click()
    token = page.locator("code", has_text="mlops_").first.inner_text()
    assert keys.check_token(token.strip()) is not None
    look(page, "key-made")
    page.get_by_role("row", name="from the browser").get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke key").click()
    expect(page.get_by_role("row", name="from the browser")).to_contain_text("Revoked")
    assert keys.check_token(token.strip()) is None
    assert complaints == []


def test_everything_works_without_scripts(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/settings/people/")
    page.locator("[name=login]").fill(site.admin.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main button").first.click()
    expect(page).to_have_url(f"{site.url}/settings/people/")
    page.get_by_label("E-mail address").fill("grace@example.org")
    page.get_by_role("button", name="Add person").click()
    expect(page.get_by_text("/accounts/password/reset/key/")).to_be_visible()
    assert Membership.objects.get(user__email="grace@example.org").role == Role.SCIENTIST
    context.close()


def test_after_signing_out_the_back_button_shows_nothing(page: Page, site):
    sign_in(page, site)
    page.goto(f"{site.url}/settings/people/")
    page.goto(f"{site.url}/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.go_back()
    page.go_back()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
