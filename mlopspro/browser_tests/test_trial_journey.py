"""A trial is planned in the browser, started, read, and its winner promoted, on the real stack.

Users are written into the log as if they had come over the last hours, so that a day of traffic needs no day.
"""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from experiments.models import Deployment
from experiments.services import promotion
from experiments.tests.registered import make_model, make_run, make_version
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import Workspace
from retraining.models import Trial
from retraining.services import trial_readings
from retraining.tests.trial_scene import Stage, flow

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
PATIENCE = 120_000
MODEL = "Journey tried"


@pytest.fixture
def tried(live_stack) -> Stage:
    """1.0.0 in production, 1.0.1 beside it; both learnt from the same few users."""
    workspace = Workspace.objects.get(slug="default")
    data = stored_dataset(workspace, "tried ratings", users=60, items=40, interactions=1_200)
    model = make_model(workspace, MODEL)
    runs = [make_run(workspace, "popularity", data, name=f"tried {place}", seed=place) for place in (1, 2)]
    live, other = (make_version(workspace, model, run=run) for run in runs)
    promotion.promote(live, actor=None, force=True, reason="The journey of its trial", through="command")
    live.refresh_from_db()
    return Stage(workspace, model, {live.number: live, other.number: other})


def sign_in(page: Page, stack) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(f"{stack.url}/")
    page.get_by_label("E-mail address").fill(stack.admin_email)
    page.get_by_label("Password", exact=True).fill(stack.admin_password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.url}/", timeout=PATIENCE)


def hours_ago(trial: Trial, hours: int) -> None:
    """As if it had been started then; the schedule leaves its reading to the test."""
    now = timezone.now()
    ago = now - dt.timedelta(hours=hours)
    Deployment.objects.filter(model=trial.model, ended_at__isnull=True).update(started_at=ago)
    Trial.objects.filter(pk=trial.pk).update(started_at=ago, next_reading_at=now + dt.timedelta(days=1))


def test_planned_started_read_and_won(page: Page, live_stack, tried):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, live_stack)
    live, other = tried.versions

    # The planner knows nothing of a model without traffic, says so, and plans from what a person says.
    page.goto(f"{live_stack.url}/retraining/models/{tried.model.pk}/trials/new/")
    planner = page.locator("#planner")
    expect(planner).to_contain_text("Not enough traffic to plan by itself", timeout=PATIENCE)
    page.get_by_label("Metric").select_option(label="Live hit rate@10")
    page.get_by_label("Value of production").fill("0.2")
    page.get_by_label("Users a day").fill("600")
    expect(planner.get_by_text("show a difference of")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("A number of users: what can they show?").check()
    page.get_by_label("Users, of all versions together").fill("1000")
    expect(planner.get_by_text("1,000 users show a difference of")).to_be_visible(timeout=PATIENCE)
    page.get_by_label("Name").fill("Tried by hand")
    page.get_by_role("button", name="Save the plan").click()

    expect(page.get_by_role("heading", name="Tried by hand", level=1)).to_be_visible(timeout=PATIENCE)
    verdict = page.locator("#trial-verdict")
    expect(verdict).to_contain_text("Nothing runs yet.", timeout=PATIENCE)
    page.get_by_role("button", name="Start").click()
    page.locator("#confirm").get_by_role("button", name="Start").click()
    expect(verdict).to_contain_text("Not enough yet", timeout=PATIENCE)

    # Users come. The open page refreshes itself.
    trial = Trial.objects.select_related("model").get(model=tried.model)
    hours_ago(trial, 6)
    flow(tried, live, [f"a{place}" for place in range(300)], 0.2)
    flow(tried, other, [f"b{place}" for place in range(300)], 0.5)
    trial_readings.read(trial)
    expect(verdict).to_contain_text(f"{other} wins", timeout=PATIENCE)
    expect(page.get_by_text("Users are split as planned")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("[data-chart='trial-course'] canvas")).to_be_visible(timeout=PATIENCE)

    page.get_by_role("link", name=f"Promote {other}").click()
    dialog = page.locator("#promote")
    expect(dialog).to_contain_text(
        re.compile(rf"{re.escape(other)}\s+takes the place of\s+{re.escape(live)}"), timeout=PATIENCE
    )
    dialog.get_by_label("Reason").fill("Users like it better")
    dialog.get_by_role("button", name=f"Promote {other}").click()
    expect(page.locator("#trial-verdict")).to_contain_text(f"{other} goes into production", timeout=PATIENCE)
    tried.versions[other].refresh_from_db()
    assert tried.versions[other].stage == "production"
    assert complaints == []
