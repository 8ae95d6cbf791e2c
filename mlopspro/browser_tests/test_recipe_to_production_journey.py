"""The way from a template to production and back, on the real stack: clone, edit, approve, train, register, promote,
roll back. Two runs of one version with one seed give the same figures on the way."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from experiments.models import Dataset, Experiment, Recipe, RegisteredModel
from experiments.selectors import registry
from experiments.services import importing, recipes
from mlopspro.accounts.models import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
PATIENCE = 180_000
PATCH = '{"pipeline": {"training": {"parameters": {"regularization": 150}}}}'


@pytest.fixture
def baseline(live_stack) -> Recipe:
    workspace = Workspace.objects.get(slug="default")
    return next(one for one in recipes.seed_baselines(workspace) if one.family == "recommendation")


@pytest.fixture
def ratings(baseline: Recipe) -> Dataset:
    job = importing.import_synthetic(workspace=baseline.workspace, actor=None, name="Loop ratings")
    made = importing.carry_out_here(job).dataset
    assert made is not None
    return made


def sign_in(page: Page, stack) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(f"{stack.url}/")
    page.get_by_label("E-mail address").fill(stack.admin_email)
    page.get_by_label("Password", exact=True).fill(stack.admin_password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.url}/")


def approved_clone(page: Page, stack, baseline: Recipe) -> str:
    """Clones, edits and approves through the pages; the address of the version."""
    page.goto(f"{stack.url}/recipes/{baseline.pk}/")
    page.get_by_role("link", name="Clone", exact=True).click()
    page.get_by_label("Name").fill("Loop films")
    page.get_by_label("Industry").check()
    page.get_by_label("Parent").select_option(str(baseline.pk))
    page.get_by_role("button", name="Clone and open the editor").click()
    page.locator("#manifest-text").fill(PATCH)
    expect(page.locator("#manifest-checked")).to_contain_text("pipeline.training.parameters.regularization")
    page.get_by_label("Change note").fill("Less regularization")
    page.get_by_role("button", name="Save as new version").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Loop films 0.")
    page.get_by_role("button", name="Approve this version").click()
    expect(page.locator(".recipe-line").get_by_text("Approved", exact=True)).to_be_visible()
    return page.url


def trained(page: Page, version: str, dataset: Dataset, name: str) -> Experiment:
    """Launches from the version's page and watches the run to its end."""
    page.goto(version)
    page.get_by_role("link", name="Launch a run").click()
    page.goto(f"{page.url}&dataset={dataset.pk}")
    expect(page.get_by_text("Said by")).to_be_visible()
    page.locator("[name=name]").fill(name)
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(page.locator("#run-status .badge")).to_have_text("Completed", timeout=PATIENCE)
    return Experiment.objects.get(name=name)


def registered(page: Page, number: str) -> None:
    page.get_by_role("link", name="Register").click()
    expect(page.locator("#register-form")).to_be_visible()
    wanted = "A new model" if number == "1.0.0" else "Loop films"
    chosen = page.locator("#id_model option:checked").text_content() or ""
    if chosen.strip() != wanted:  # a model of another test on the same stack is proposed
        with page.expect_response(lambda answer: "/models/register/" in answer.url):
            page.get_by_label("Model", exact=True).select_option(label=wanted)
    if number == "1.0.0":
        page.get_by_label("Name of the new model").fill("Loop films")
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name=f"Loop films {number}")).to_be_visible()


def promoted(page: Page, number: str) -> None:
    page.get_by_role("link", name="Promote to production").click()
    page.get_by_label("Reason").fill("The journey of a recipe")
    in_spite = page.get_by_label("Promote in spite of it")
    if in_spite.count():
        in_spite.check()
    page.get_by_role("button", name=re.compile("^Promote")).click()
    expect(page.locator(".page-head")).to_contain_text(f"version {number}")


def test_from_a_recipe_to_production_and_back(page: Page, live_stack, baseline, ratings):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, live_stack)
    version = approved_clone(page, live_stack, baseline)

    first = trained(page, version, ratings, "loop first")
    assert first.recipe_version is not None
    assert first.parameters["regularization"] == 150
    registered(page, "1.0.0")
    promoted(page, "1.0.0")
    model = RegisteredModel.objects.get(name="Loop films")
    live = registry.champion(model)
    assert live is not None
    assert live.number == "1.0.0"

    second = trained(page, version, ratings, "loop second")
    assert second.config_hash == first.config_hash
    assert second.metrics == first.metrics
    registered(page, "1.0.1")
    promoted(page, "1.0.1")

    page.get_by_role("link", name="Roll back to 1.0.0").click()
    page.get_by_label("Reason").fill("The journey ends where it began")
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator(".page-head")).to_contain_text("version 1.0.0")
    live = registry.champion(model)
    assert live is not None
    assert live.number == "1.0.0"
    assert complaints == []
