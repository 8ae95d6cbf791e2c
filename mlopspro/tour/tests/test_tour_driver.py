"""A tour is found again: the one under way goes on, a failed one is tried again, a done one is left alone."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from experiments.tests.factories import make_dataset
from mlopspro.accounts.models import ApiKey, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member, make_workspace
from mlopspro.tour import driver
from mlopspro.tour.scene import Outcome, Scene, Step, StepFailed
from mlopspro.tour.steps import STEPS
from mlopspro.tour.tests.objects import make_tour
from retraining.models import Tour

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace():
    made = make_workspace()
    make_member(made, Role.ADMINISTRATOR)
    return made


def carry_out(tour: Tour, steps: list[Step], monkeypatch) -> list[str]:
    """The driver with these steps in the place of the first ones; returns what it told."""
    monkeypatch.setattr(driver, "STEPS", tuple(steps))
    monkeypatch.setattr(driver, "story", lambda facts: "It ended well.")
    told: list[str] = []
    driver.run(tour, base_url="http://127.0.0.1:1", tell=told.append, linger=0)
    return told


def step(key: str, run) -> Step:
    return Step(key, f"Step {key}", "why", 5, run)


def test_it_goes_on_with_the_first_step_that_is_not_done(workspace, monkeypatch):
    tour = make_tour(workspace, done=1)
    carried: list[str] = []

    def act(scene: Scene) -> Outcome:
        carried.append(scene.step.key)
        scene.keep(seen=len(carried))
        return Outcome(f"{len(carried)} seen")

    carry_out(tour, [step("data", act), step("train", act), step("compare", act)], monkeypatch)

    assert carried == ["train", "compare"]
    tour.refresh_from_db()
    assert (tour.state, tour.sentence, tour.facts["seen"]) == ("done", "It ended well.", 2)
    assert tour.steps.get(key="compare").sentence == "2 seen"


def test_a_step_that_fails_ends_it_with_its_words_and_is_tried_again(workspace, monkeypatch):
    tour = driver.begin(workspace)
    tries: list[int] = []

    def act(scene: Scene) -> Outcome:
        tries.append(1)
        if len(tries) == 1:
            raise StepFailed("The gate held it back.")
        return Outcome("well")

    carry_out(tour, [step("data", act)], monkeypatch)
    tour.refresh_from_db()
    assert (tour.state, tour.steps.get(key="data").sentence) == ("failed", "The gate held it back.")
    assert driver.begin(workspace) == tour

    carry_out(tour, [step("data", act)], monkeypatch)
    tour.refresh_from_db()
    assert (tour.state, len(tries)) == ("done", 2)


def test_what_nobody_foresaw_is_told_too(workspace, monkeypatch):
    tour = driver.begin(workspace)
    carry_out(tour, [step("data", lambda scene: 1 / 0)], monkeypatch)
    assert "ZeroDivisionError" in tour.steps.get(key="data").sentence


def test_its_key_ends_with_it(workspace, monkeypatch):
    carry_out(driver.begin(workspace), [step("data", lambda scene: Outcome(scene.token[:6]))], monkeypatch)
    assert ApiKey.objects.get(workspace=workspace, name="Tour").revoked_at is not None


def test_a_step_that_waits_too_long_says_for_what(workspace, monkeypatch, settings):
    settings.CHECK_SECONDS = settings.JUDGE_SECONDS = settings.DECIDE_SECONDS = settings.LOOP_SECONDS = 0
    tour = driver.begin(workspace)
    waits = Step("data", "Data", "why", 0.0, lambda scene: scene.wait(lambda: None, "The import is queued."))
    carry_out(tour, [waits], monkeypatch)
    assert tour.steps.get(key="data").sentence == "It took longer than it may. The import is queued."


def test_another_one_takes_a_free_name_and_leaves_an_interrupted_one(workspace):
    make_dataset(workspace, name="Films")
    first = driver.begin(workspace, again=True)
    assert first.facts["name"] == "Films 2"
    assert driver.begin(workspace) == first
    second = driver.begin(workspace, again=True)
    assert second != first
    first.refresh_from_db()
    assert (first.state, second.state) == ("failed", "running")
    assert second.steps.count() == len(STEPS)


def test_the_command_leaves_a_tour_that_is_done_alone(workspace, capsys):
    tour = make_tour(workspace, done=len(STEPS), state="done")
    Tour.objects.filter(pk=tour.pk).update(sentence="It ended well.")
    call_command("demo", workspace=workspace.slug)
    assert "It ended well." in capsys.readouterr().out
    assert Tour.objects.count() == 1


def test_the_command_says_why_it_failed(workspace, monkeypatch):
    def broken(scene: Scene) -> Outcome:
        raise StepFailed("No worker runs.")

    monkeypatch.setattr(driver, "STEPS", (step("data", broken),))
    with pytest.raises(CommandError, match="No worker runs"):
        call_command("demo", workspace=workspace.slug)
    assert Workspace.objects.filter(pk=workspace.pk).exists()
