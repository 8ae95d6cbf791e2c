"""A policy that acts by itself, from its check to a new version in production, watched on its pages.

The real stack: data is imported and versions are trained by its workers. Drift is a check as the judge writes it, and
what users of the canary say is written into the log, so that a step needs no hour.
"""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from experiments.models import ModelVersion
from experiments.services import promotion
from experiments.services.deployments import champion
from experiments.tests.registered import make_model, make_run, make_version
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import Workspace
from monitoring.models import Source
from monitoring.services.sources import source_of
from retraining.models import Retraining
from retraining.services import driver, policies
from retraining.tests.retrain_scene import PLAN, Scene, react, serve
from retraining.tests.scene import drifted

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
PATIENCE = 120_000
MODEL = "Journey retrained"
NEW = [f"new {place}" for place in range(14)]


@pytest.fixture
def here(live_stack) -> Scene:
    """An EASE list in production; since then one half of the users likes other new items than the other half."""
    workspace = Workspace.objects.get(slug="default")
    data = stored_dataset(workspace, "retrained ratings", users=80, items=30, interactions=1_000)
    model = make_model(workspace, MODEL, headline="catalogue.ndcg_at_10")
    base = make_version(workspace, model, run=make_run(workspace, "ease", data, name="retrained first"))
    promotion.promote(base, actor=None)
    base = ModelVersion.objects.select_related("model", "dataset", "experiment").get(pk=base.pk)
    found = Scene(workspace, model, base, source_of(model=model, version=base, role=Source.As.CHAMPION))
    pairs = [
        (user, item, 5.0 if (at + place) % 2 else 1.0)
        for at, user in enumerate(found.users)
        for place, item in enumerate(NEW)
    ]
    order = np.random.default_rng(2).permutation(len(pairs))
    begin = timezone.now() - dt.timedelta(hours=10)
    react(found, [(*pairs[at], begin + dt.timedelta(seconds=30 * place)) for place, at in enumerate(order)])
    plan = {f"plan.{part}.{name}": value for part, values in PLAN.items() for name, value in values.items()}
    changes = plan | {"mode": "automatic", "plan.data.holdout_share": 0.35, "performance.on": False}
    policies.change(model, changes, actor=None)
    drifted(model)
    return found


def sign_in(page: Page, stack) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(f"{stack.url}/")
    page.get_by_label("E-mail address").fill(stack.admin_email)
    page.get_by_label("Password", exact=True).fill(stack.admin_password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.url}/", timeout=PATIENCE)


def carried_on(here: Scene, row: Retraining, until: str) -> Retraining:
    """As the schedule does every ten seconds, without the wait; each step of the canary gets its users' answers."""
    served = 0
    limit = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < limit:
        row = driver.advance(row)
        if row.state == until:
            return row
        assert row.ended_at is None, f"{row.state}: {row.sentence}"
        if row.state == "canary" and served != (number := row.steps.count()):
            serve(here, row, good=0.6)
            served = number
        time.sleep(0.1)
    raise AssertionError(f"{row.state}: {row.sentence}")


def test_a_policy_retrains_by_itself_and_the_new_version_earns_its_users(page: Page, live_stack, here):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, live_stack)
    page.goto(f"{live_stack.url}/retraining/models/{here.model.pk}/")
    page.get_by_role("button", name="Refresh status").click()
    expect(page.get_by_text("Retraining now")).to_be_visible()
    row = Retraining.objects.get(model=here.model)
    page.get_by_role("link", name="Details of this retraining").click()
    expect(page.get_by_role("heading", name=f"Retraining of {MODEL}")).to_be_visible()

    row = carried_on(here, row, "canary")
    steps = page.locator(".retraining-steps")
    expect(steps).to_contain_text("among the items that users judged")
    expect(steps).to_contain_text("5 % of users")

    row = carried_on(here, row, "promoted")
    expect(page.locator("#retraining-run")).to_contain_text("Promoted", timeout=PATIENCE)
    expect(steps).to_contain_text(f"is in production in the place of {here.base.number}.")
    assert champion(here.model) == row.version
    page.get_by_role("link", name=row.dataset.name, exact=True).click()
    expect(page.get_by_text("Put together from feedback")).to_be_visible()
    assert complaints == []
