"""The assistant in a real browser: a quick start, an answer that streams, a change in words, one click to a draft."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from experiments.models import RecipeVersion
from experiments.services import recipes
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser as signed_in_browser
from mlopspro.testing.people import make_member, make_workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server, page: Page, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    workspace = make_workspace("Research")
    recipes.seed_baselines(workspace)
    person = make_member(workspace, Role.SCIENTIST, name="Ada Lovelace")
    session = signed_in_browser(person).cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return live_server


def test_from_a_quick_start_to_a_draft(page: Page, site):
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{site.url}/assistant/")
    page.get_by_role("button", name="Recommend films").click()

    answers = page.locator(".chat-message.is-assistant")
    expect(answers.first).to_contain_text("This is about recommendation")
    expect(page.get_by_role("button", name="Apply to a new draft recipe")).to_be_visible()

    page.get_by_label("Your message").fill("Use EASE with regularization 300, split by time")
    page.keyboard.press("Control+Enter")
    expect(answers).to_have_count(2)
    expect(page.locator(".chat-changes")).to_contain_text("pipeline.training.parameters.regularization")
    expect(page.locator(".chat-text.is-streaming")).to_have_count(0)
    violations = Axe().run(page).response["violations"]
    assert not [(found["id"], node["html"][:160]) for found in violations for node in found["nodes"]]

    page.get_by_role("button", name="Apply to a new draft recipe").click()
    expect(page.get_by_text("Applied as version")).to_be_visible()
    version = RecipeVersion.objects.get(recipe__is_seeded=False)
    assert version.effective["pipeline"]["training"]["architecture"] == "ease"
    assert version.effective["pipeline"]["training"]["parameters"] == {"regularization": 300}
    assert version.effective["pipeline"]["evaluation"]["validation"]["method"] == "time"
    assert problems == []
