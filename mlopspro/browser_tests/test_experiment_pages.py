"""The pages of datasets, training and experiments in a real browser: narrow and wide, dark and light, by keyboard."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from playwright.sync_api import Page, expect

from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.models import Experiment
from experiments.tests.pages import scenes
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser as signed_in_browser
from mlopspro.testing.people import make_member, make_workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("MLOPSPRO_SCREENSHOTS", "")
"""Where somebody who wants to look at the pages has them pictured."""
TABS = ("overview", "metrics", "curves", "diagnostics", "artifacts", "log", "trackers")


@pytest.fixture
def site(live_server, page: Page, settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    workspace = make_workspace("Research")
    live_server.person = make_member(workspace, Role.SCIENTIST, name="Ada Lovelace")
    live_server.workspace = workspace
    session = signed_in_browser(live_server.person).cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    return live_server


@pytest.fixture
def complaints(page: Page):
    """What the browser's console says; the pages must give it no reason, the strict CSP included."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def look(page: Page, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(400)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def faults(page: Page, name: str) -> list[str]:
    """Violations of accessibility, and whether the page scrolls sideways."""
    violations = Axe().run(page).response["violations"]
    found = [f"{name}: {item['id']}: {node['html'][:160]}" for item in violations for node in item["nodes"]]
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, f"{name} scrolls sideways"] if overflow > 0 else found


def addresses(site) -> dict[str, str]:
    """Every page with something on it."""
    done = scenes.finished_run(site.workspace, site.person)
    running = scenes.running_run(site.workspace, created_by=site.person)
    failed = scenes.finished_run(
        site.workspace, site.person, name="failed run", status="failed", failure_kind="diverged",
        failure_reason="The loss became NaN in epoch 3.",
    )  # fmt: skip
    text = scenes.RATINGS_CSV + "1,2,oops,1\n"
    dataset = scenes.imported(scenes.draft_import(site.workspace, site.person, text), site.person)
    draft = scenes.draft_import(site.workspace, site.person)
    return {
        "home": "/",
        "datasets": "/datasets/",
        "dataset": f"/datasets/{dataset.pk}/",
        "upload": "/datasets/import/",
        "review": f"/imports/{draft.pk}/",
        "training": "/training/",
        "experiments": "/experiments/",
        "running": f"/experiments/{running.pk}/",
        "failed": f"/experiments/{failed.pk}/",
        **{tab: f"/experiments/{done.pk}/?tab={tab}" for tab in TABS},
    }


@pytest.mark.parametrize(("width", "theme"), [(1440, "dark"), (360, "light")])
def test_the_pages_are_sound_for_everybody(page: Page, site, complaints, width, theme):
    site.person.theme = theme
    site.person.save()
    page.set_viewport_size({"width": width, "height": 900})
    found = []
    for name, address in addresses(site).items():
        page.goto(site.url + address)
        look(page, f"{name}-{width}")
        found += faults(page, name)
    assert not found, "\n".join(found)
    assert complaints == []


@pytest.mark.parametrize("width", [1440, 360])
def test_empty_pages_are_sound_and_teach(page: Page, site, complaints, width):
    page.set_viewport_size({"width": width, "height": 900})
    for name in ("", "datasets/", "training/", "experiments/"):
        page.goto(f"{site.url}/{name}")
        expect(page.locator(".empty")).to_be_visible()
        look(page, f"empty-{name.strip('/') or 'home'}-{width}")
        assert faults(page, name) == []
    assert complaints == []


def test_choosing_an_architecture_swaps_its_hyperparameters_and_keeps_what_was_typed(page: Page, site, complaints):
    scenes.make_dataset(site.workspace, name="ratings")
    page.goto(f"{site.url}/training/")
    page.get_by_label("Epochs").fill("77")
    page.get_by_label("Notes").fill("my thoughts")
    page.get_by_label("Matrix factorisation").check()
    expect(page.locator("[name=parameters_of]")).to_have_value("matrix_factorization")
    page.get_by_role("radio", name="Hybrid with biases").check()
    expect(page.locator("[name=parameters_of]")).to_have_value("hybrid_biased")
    expect(page.get_by_label("Notes")).to_have_value("my thoughts")
    expect(page.get_by_role("radio", name="Hybrid with biases")).to_be_focused()
    assert complaints == []


def test_a_refused_form_says_so_first_and_leads_to_the_field(page: Page, site):
    scenes.make_dataset(site.workspace, name="ratings")
    page.goto(f"{site.url}/training/")
    page.get_by_label("Epochs").fill("0")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_label("Epochs")).to_have_value("0")
    expect(page.get_by_label("Epochs")).to_have_attribute("aria-invalid", "true")
    assert faults(page, "refused form") == []
    assert not Experiment.objects.exists()


def test_training_is_started_by_keyboard_alone(page: Page, site, complaints):
    scenes.make_dataset(site.workspace, name="ratings")
    page.goto(f"{site.url}/")
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page).to_have_url(f"{site.url}/training/")
    page.get_by_role("radio", name="Hybrid", exact=False).first.focus()
    for _ in range(list(ARCHITECTURES).index("popularity")):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Popularity")).to_be_checked()
    expect(page.locator("[name=parameters_of]")).to_have_value("popularity")
    page.get_by_label("Name").focus()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="by keyboard", level=1)).to_be_visible()
    assert Experiment.objects.get().architecture == "popularity"
    assert complaints == []


def test_everything_works_without_scripts(browser, site, tmp_path):
    session = signed_in_browser(site.person).cookies[django_settings.SESSION_COOKIE_NAME].value
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": site.url}])
    page = context.new_page()
    file = tmp_path / "ratings.csv"
    file.write_text(scenes.RATINGS_CSV)
    page.goto(f"{site.url}/datasets/import/")
    page.locator("[name=interactions]").set_input_files(file)
    page.get_by_role("button", name="Upload and review").click()
    page.get_by_label("Dataset name").fill("without scripts")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("Queued, 1st in line")).to_be_visible()
    scenes.make_dataset(site.workspace, name="ratings")
    page.goto(f"{site.url}/training/")
    page.get_by_label("Popularity").check()
    page.get_by_role("button", name="Show what belongs to my choice").click()
    expect(page.locator("[name=parameters_of]")).to_have_value("popularity")
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("Queued").first).to_be_visible()
    assert Experiment.objects.get().architecture == "popularity"
    context.close()
