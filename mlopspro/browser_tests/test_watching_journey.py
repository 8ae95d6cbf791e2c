"""Traffic drifts, an alert opens, a program is told, somebody acknowledges it, and it resolves by itself.

The real stack: pages are the web process's and messages the io worker's. Traffic is written into the past, so that ten
minutes of it need no ten minutes, and the judge is asked for those moments.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import time
from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from experiments.models import Deployment, ModelVersion
from experiments.services import promotion
from experiments.tests.registered import make_version
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import Workspace
from mlopspro.serving import answers, loaded
from mlopspro.serving.replay.doors_here import PastDoor
from mlopspro.serving.replay.drift import parse
from mlopspro.serving.replay.plans import plan_of
from mlopspro.serving.replay.reactions import Exposure
from mlopspro.serving.replay.replay import Replay
from mlopspro.testing.receiver import Receiver, receiver
from monitoring.models import AlertRule, Check
from monitoring.models.alerts import Channel
from monitoring.services import alerting, judging, monitoring_settings, references, windows
from monitoring.services.telling.webhook import signature

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(600)]
PATIENCE = 120_000
MODEL = "Journey watched"
CHANNEL = "Journey program"
WINDOW = 600
"""Seconds: the shortest stretch that is judged."""


@pytest.fixture
def version(live_stack) -> Iterator[ModelVersion]:
    """Live since two hours, judged over ten minutes."""
    workspace = Workspace.objects.get(slug="default")
    data = stored_dataset(workspace, "watched ratings", users=400, items=100, interactions=10_000)
    made = make_version(workspace, MODEL, dataset=data, split={"method": "random"})
    monitoring_settings.change(made.model, {"window_seconds": WINDOW, "minimum_sample": 300}, actor=None)
    promotion.promote(made, actor=None, force=True, reason="The journey of its alert", through="command")
    made.refresh_from_db()
    Deployment.objects.filter(version=made).update(started_at=timezone.now() - dt.timedelta(hours=2))
    assert references.ensure(made) is not None, references.why_none(made)
    yield made
    AlertRule.objects.filter(model=made.model).update(enabled=False)


@pytest.fixture
def program(live_stack) -> Iterator[Receiver]:
    """What listens to alerts. Its channel goes with it: others on the stack have alerts too."""
    with receiver() as server:
        yield server
        Channel.objects.filter(name=CHANNEL).delete()


def sign_in(page: Page, stack) -> None:
    page.set_default_timeout(PATIENCE)
    page.goto(f"{stack.url}/")
    page.get_by_label("E-mail address").fill(stack.admin_email)
    page.get_by_label("Password", exact=True).fill(stack.admin_password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{stack.url}/", timeout=PATIENCE)


def add_channel(page: Page, stack, program: Receiver) -> str:
    """Adds the program in the browser and sends it a test. Returns its signing key."""
    page.goto(f"{stack.url}/monitoring/alerts/channels/new/?kind=webhook")
    page.get_by_label("Name").fill(CHANNEL)
    page.get_by_label("Address").fill(program.url)
    page.get_by_role("button", name="Add channel").click()
    key = page.get_by_text(re.compile("^whsec_")).first.inner_text()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The test arrived.")).to_be_visible(timeout=PATIENCE)
    return key


def traffic(version: ModelVersion, until: dt.datetime, requests: int, *drifts: str) -> None:
    """Answers of the eight minutes before a moment, in the log and counted."""
    loaded.refresh()
    workspace = version.model.workspace
    door = PastDoor(workspace, answers.choose(workspace, str(version.model_id)), name=f"watched-{until:%H%M%S}")
    replay = Replay(
        plan_of(version), door, requests=requests, drifts=[parse(one) for one in drifts], seed=requests, name=door.name,
        as_if_from=until - dt.timedelta(minutes=8), as_if_until=until, exposure=Exposure(skips=0, answers=0.1),
    )  # fmt: skip
    assert not any(step.failed for step in replay.steps())
    windows.refresh(60)


def judge(version: ModelVersion, at: dt.datetime | None = None) -> Check:
    """Drift, as the schedule does, and then the rules."""
    moment = at or timezone.now()
    check = judging.judge(version.model, Check.Area.DRIFT, now=moment, through=judging.SCHEDULE)
    assert check is not None
    alerting.evaluate(version.model, now=moment)
    return check


def told(program: Receiver, version: ModelVersion, kind: str) -> dict:
    """The message of this kind about this model, once it is there."""
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until:
        for one in list(program.received):
            said = json.loads(one.body)
            ours = said["model"] is not None and said["model"]["id"] == str(version.model_id)
            if ours and said["type"] == kind and said["rule"]["signal"] == "drift.score":
                return {"said": said, "headers": one.headers, "body": one.body}
        time.sleep(0.1)
    raise AssertionError(f"{kind} did not come; there are {[json.loads(one.body)['type'] for one in program.received]}")


def test_drift_opens_an_alert_that_somebody_takes_and_that_resolves_by_itself(page: Page, live_stack, version, program):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, live_stack)
    key = add_channel(page, live_stack, program)
    now = timezone.now()
    monitoring = f"{live_stack.url}/monitoring/?model={version.model_id}&period=1h"
    alerts = f"{live_stack.url}/monitoring/alerts/?model={version.model_id}"
    drift = page.get_by_role("link", name=f"{MODEL}: Data drift")

    # As ever: numbers move, nothing is wrong.
    traffic(version, now - dt.timedelta(minutes=36), 400)
    assert judge(version, now - dt.timedelta(minutes=36)).verdict == "ok"
    page.goto(f"{monitoring}&tab=traffic")
    expect(page.locator(".tile").filter(has_text="Predictions").first).to_contain_text("400", timeout=PATIENCE)
    page.goto(alerts)
    expect(drift).to_have_count(0)

    # Most requests come from people whom the model has never seen.
    traffic(version, now - dt.timedelta(minutes=18), 330, "new_users,start=0,strength=20")
    for minutes in (18, 17):
        assert judge(version, now - dt.timedelta(minutes=minutes)).verdict == "act"
    page.goto(f"{monitoring}&tab=traffic")
    expect(page.locator(".tile").filter(has_text="Predictions").first).to_contain_text("730", timeout=PATIENCE)
    page.goto(alerts)
    drift.first.click()
    expect(page.get_by_text("Drift score").first).to_be_visible()
    opened = told(program, version, "alert.opened")
    assert "share of new users" in opened["said"]["alert"]["sentence"]
    headers = opened["headers"]
    sent = signature(key, headers["webhook-id"], int(headers["webhook-timestamp"]), opened["body"])
    assert headers["webhook-signature"] == sent

    page.get_by_role("button", name="Acknowledge").click()
    state = page.locator("#alert-verdict")
    expect(state).to_contain_text("Acknowledged", timeout=PATIENCE)
    assert told(program, version, "alert.acknowledged")["said"]["by"]

    # As ever again. The open page refreshes itself.
    traffic(version, timezone.now(), 400)
    for _ in range(2):
        assert judge(version).verdict == "ok"
    expect(state).to_contain_text("Resolved", timeout=PATIENCE)
    assert told(program, version, "alert.resolved")["said"]["alert"]["id"] == opened["said"]["alert"]["id"]
    page.reload()
    messages = page.get_by_role("table", name="Messages of this alert and how they went")
    expect(messages.get_by_text("Arrived")).to_have_count(3, timeout=PATIENCE)
    assert complaints == []
