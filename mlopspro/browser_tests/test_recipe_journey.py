"""From a clone over an error at its line to an approved version and its launch, on the real stack."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import global_settings
from django.test import override_settings
from playwright.sync_api import Browser, Page, expect

from experiments.models import Recipe
from experiments.services import recipes
from experiments.tests.factories import make_dataset
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import PASSWORD, make_member

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
PATIENCE = 60_000
"""Milliseconds: the machine may be busy."""
BROKEN = '{\n  "pipeline": {\n    "training": {\n      "parameters": {"regularisation": 50}\n    }\n  }\n}'
MENDED = BROKEN.replace("regularisation", "regularization")


@pytest.fixture
def baseline(live_stack) -> Recipe:
    workspace = Workspace.objects.get(slug="default")
    found = next(one for one in recipes.seed_baselines(workspace) if one.family == "recommendation")
    assert found.status == "approved"
    return found


def sign_in(page: Page, stack, email: str, password: str) -> None:
    page.goto(f"{stack.url}/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.url}/", timeout=PATIENCE)


def signed_in_as(browser: Browser, stack, person: User, complaints: list[str]) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda entry: complaints.append(entry.text) if entry.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, stack, person.email, PASSWORD)
    return page


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{page.url} {item['id']}: {node['html'][:160]}" for item in found for node in item["nodes"]]


def test_from_a_clone_over_an_error_at_its_line_to_a_launch(browser: Browser, live_stack, baseline):
    complaints: list[str] = []
    make_dataset(baseline.workspace, name="Journey ratings")
    Recipe.objects.filter(name__startswith="Journey").delete()
    # The suite's quick password hash is unknown to the processes of the stack.
    with override_settings(PASSWORD_HASHERS=global_settings.PASSWORD_HASHERS):
        scientist = make_member(baseline.workspace, Role.SCIENTIST, name="Journey scientist")
        engineer = make_member(baseline.workspace, Role.ENGINEER, name="Journey engineer")
    page = signed_in_as(browser, live_stack, scientist, complaints)

    # Found in the library, cloned one level down: the editor opens, nothing is wrong.
    page.goto(f"{live_stack.url}/recipes/?family=recommendation")
    assert violations(page) == []
    page.get_by_role("link", name=baseline.name, exact=True).first.click()
    expect(page.locator(".manifest-table").get_by_text("This recipe").first).to_be_visible()
    assert violations(page) == []
    page.get_by_role("link", name="Clone", exact=True).click()
    page.get_by_label("Name").fill("Journey shop")
    page.get_by_label("Industry").check()
    page.get_by_label("Parent").select_option(str(baseline.pk))
    page.get_by_role("button", name="Clone and open the editor").click()
    checked = page.locator("#manifest-checked")
    expect(checked).to_contain_text("The manifest is accepted", timeout=PATIENCE)

    # A slip is shown at its line while one types; its link leads the caret there.
    text = page.locator("#manifest-text")
    text.fill(BROKEN)
    expect(checked).to_contain_text("Did you mean regularization?", timeout=PATIENCE)
    expect(page.locator("[data-gutter] .is-wrong")).to_have_text("4\n")
    page.locator("[data-line]").first.click()
    caret = text.evaluate("area => area.value.slice(0, area.selectionStart).split('\\n').length")
    assert caret == 4
    assert violations(page) == []
    text.fill(MENDED)
    expect(checked).to_contain_text("The manifest is accepted", timeout=PATIENCE)
    expect(checked).to_contain_text("pipeline.training.parameters.regularization")

    # The form beside it writes into the same text.
    seed = page.locator("[id='id_pipeline.training.seed']")
    seed.fill("7")
    seed.press("Enter")
    expect(text).to_have_value(
        MENDED.replace("50}", '50\n      },\n      "seed": 7').replace(
            '"parameters": {"reg', '"parameters": {\n        "reg'
        ),
        timeout=PATIENCE,
    )
    page.get_by_label("Change note").fill("Less regularization for the shop")
    page.get_by_role("button", name="Save as new version").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Journey shop 0.2.0", timeout=PATIENCE)
    expect(page.get_by_text("An engineer or an administrator approves versions.")).to_be_visible()
    assert violations(page) == []

    # An engineer approves, and launches it: the training page has the recipe chosen.
    other = signed_in_as(browser, live_stack, engineer, complaints)
    other.goto(page.url)
    other.get_by_label("Note").fill("Looked at the change")
    other.get_by_role("button", name="Approve this version").click()
    expect(other.locator(".recipe-line").get_by_text("Approved", exact=True)).to_be_visible(timeout=PATIENCE)
    other.get_by_role("link", name="Launch a run").click()
    expect(other).to_have_url(f"{live_stack.url}/training/?recipe={page.url.rstrip('/').rsplit('/', 1)[-1]}")
    expect(other.locator("select[name=recipe] option:checked")).to_have_text(re.compile("Journey shop 0.2.0"))

    # It fits a phone: nothing but tables and the text scroll sideways.
    other.set_viewport_size({"width": 360, "height": 800})
    recipe = Recipe.objects.get(name="Journey shop")
    for tab in ("overview", "manifest", "versions", "example", "made"):
        other.goto(f"{live_stack.url}/recipes/{recipe.pk}/?tab={tab}")
        assert other.evaluate("document.documentElement.scrollWidth") <= 360, tab
        assert violations(other) == []
    assert complaints == []
