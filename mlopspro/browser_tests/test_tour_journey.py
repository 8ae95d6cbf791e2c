"""The whole loop on the real stack, unattended: a stranger opens the page and watches a model repair itself.

Every step is the product's own: workers import, train and retrain, beat has models judged and decided on, the web
processes answer the tour's visitors. One test, as this is the capability; a minute on a quiet machine.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from mlopspro.management.commands.up import TOUR_PACE
from mlopspro.supervisor.roles import REPOSITORY
from mlopspro.testing.live_stack import LiveStack
from mlopspro.tour.steps import STEPS

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.timeout(900)]
PATIENCE = 120_000
LONGEST = 600.0


@pytest.fixture
def stack(make_live_stack) -> Iterator[LiveStack]:
    """One of its own, which looks every few seconds and is gone with the test."""
    made = make_live_stack("tour", environment=TOUR_PACE)
    yield made
    made.stop()


@pytest.fixture
def demo(stack: LiveStack) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--base-url", stack.url, "--linger", "0"],
        cwd=REPOSITORY, env=stack.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    yield process
    process.kill()
    process.wait(timeout=10)


def test_the_loop_closes_by_itself(page: Page, stack: LiveStack, demo: subprocess.Popen[str]):
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.set_default_timeout(PATIENCE)
    page.goto(f"{stack.url}/tour/")
    page.get_by_label("E-mail address").fill(stack.admin_email)
    page.get_by_label("Password", exact=True).fill(stack.admin_password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="The whole loop")).to_be_visible(timeout=PATIENCE)

    # The page follows by itself; the process says why where it does not come to its end.
    done = page.locator(".tour-step.is-done")
    until = time.monotonic() + LONGEST
    while demo.poll() is None and time.monotonic() < until:
        page.evaluate("new Promise((resolve) => setTimeout(resolve, 500))")
    output = demo.stdout.read() if demo.poll() is not None and demo.stdout else "it did not end"
    assert demo.returncode == 0, output
    expect(done).to_have_count(len(STEPS), timeout=PATIENCE)
    expect(page.locator(".tour-story")).to_contain_text("Nobody touched it.")

    page.get_by_role("link", name="The alert").first.click()
    expect(page.locator("#alert-verdict")).to_contain_text("Resolved", timeout=PATIENCE)
    page.goto(f"{stack.url}/tour/")
    page.get_by_role("link", name="The decision").click()
    expect(page.locator("main")).to_contain_text("A retraining begins.")
    assert complaints == []
