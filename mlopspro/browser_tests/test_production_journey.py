"""A model is promoted in the browser, asked on its page, gets traffic with feedback, and the counters and the health
page say so. The real stack: the answers are the web process's, the log the shipper's, the windows the io worker's."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from experiments.models import ModelVersion
from experiments.tests.registered import make_version
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Scope
from mlopspro.accounts.services import keys
from mlopspro.serving.replay.door_http import HttpDoor
from mlopspro.serving.replay.plans import plan_of
from mlopspro.serving.replay.reactions import Exposure
from mlopspro.serving.replay.replay import Replay

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
PATIENCE = 120_000
MODEL = "Journey films"
REQUESTS = 30


@pytest.fixture
def version(live_stack) -> ModelVersion:
    return make_version(Workspace.objects.get(slug="default"), MODEL)


@pytest.fixture
def token(live_stack) -> str:
    owner = User.objects.get(email=live_stack.admin_email)
    return keys.create_key(
        owner=owner, workspace=Workspace.objects.get(slug="default"), name="journey", scopes=[Scope.SERVE, Scope.LOG],
        expires_at=None, actor=owner,
    ).token  # fmt: skip


def sign_in(page: Page, stack) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(f"{stack.url}/")
    page.get_by_label("E-mail address").fill(stack.admin_email)
    page.get_by_label("Password", exact=True).fill(stack.admin_password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.url}/", timeout=PATIENCE)


def promote(page: Page, stack, version: ModelVersion) -> None:
    page.goto(f"{stack.url}/models/{version.model_id}/versions/{version.pk}/")
    page.get_by_role("link", name="Promote to production").click()
    page.get_by_label("Reason").fill("The journey of its answers")
    in_spite = page.get_by_label("Promote in spite of it")
    if in_spite.count():
        in_spite.check()
    page.get_by_role("button", name=re.compile("^Promote")).click()
    expect(page.locator(".page-head")).to_contain_text(f"version {version.number}", timeout=PATIENCE)


def ask_on_the_page(page: Page, stack, version: ModelVersion, user: str) -> None:
    """A web process hears of the promotion within two seconds, so the page is asked until it knows."""
    live = re.compile(f"{MODEL} {re.escape(version.number)}")
    page.goto(f"{stack.url}/recommend/")
    until = time.monotonic() + PATIENCE / 1000
    while not page.locator("#ask-model option").filter(has_text=live).count() and time.monotonic() < until:
        page.reload()
    page.get_by_label("Model").select_option(str(version.model_id))
    if page.get_by_role("button", name="Choose").count():
        page.get_by_role("button", name="Choose").click()
        expect(page).to_have_url(re.compile(str(version.model_id)), timeout=PATIENCE)
    page.get_by_label("User").fill(user)
    page.get_by_role("button", name="Recommend").click()
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(11, timeout=PATIENCE)
    expect(page.locator(".ask-by")).to_contain_text("as champion")


def tile(page: Page, label: str):
    """The value of a key figure, with what stands below it."""
    return page.locator(".tile").filter(has=page.locator(".tile-label", has_text=re.compile(f"^{label}"))).first


def test_promoted_asked_and_watched(page: Page, live_stack, version, token):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, live_stack)
    promote(page, live_stack, version)
    plan = plan_of(version)
    ask_on_the_page(page, live_stack, version, plan.request(0).user)

    monitoring = f"{live_stack.url}/monitoring/?model={version.model_id}&period=1h&tab=traffic"
    page.goto(monitoring)
    expect(tile(page, "Predictions")).to_contain_text("1", timeout=PATIENCE)

    door = HttpDoor(live_stack.url, token, model=str(version.model_id))
    replay = Replay(plan, door, requests=REQUESTS, exposure=Exposure(skips=1, delay_seconds=0))
    steps = list(replay.steps())
    assert [step.failed for step in steps] == [False] * REQUESTS
    assert replay.told == 10 * REQUESTS

    # The open page refreshes itself: first the answers, then what became of them.
    expect(tile(page, "Predictions")).to_contain_text(str(REQUESTS + 1), timeout=PATIENCE)
    expect(tile(page, "With feedback")).to_contain_text(f"{REQUESTS} labelled", timeout=PATIENCE)
    expect(page.get_by_role("table", name="Predictions by user")).to_be_visible()

    page.goto(f"{live_stack.url}/monitoring/health/")
    answers = page.get_by_role("table", name="Response times by group of addresses")
    recommended = answers.get_by_role("row").filter(has_text="Recommend")
    expect(recommended.get_by_role("cell").first).not_to_have_text("0", timeout=PATIENCE)
    assert complaints == []
