"""Runs that are to become a version do, exactly once, wherever a worker was killed; promotion goes by its rules."""

from __future__ import annotations

import pytest

from experiments.jobs.kinds import BELLS, REGISTRATIONS
from experiments.models import Experiment, LogLine, ModelVersion, RecipeVersion, StageChange
from experiments.services import promotion, registrations, registry
from experiments.tasks import register_completed
from experiments.tests.recipes_made import make_recipe
from experiments.tests.registered import judged_run, judged_version, make_model
from experiments.tests.registry.conftest import scores
from mlopspro.accounts.models import Membership
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member


@pytest.fixture
def model(workspace):
    return make_model(workspace, "films")


def said(run: Experiment) -> list[str]:
    return list(LogLine.objects.filter(experiment=run).order_by("pk").values_list("message", flat=True))


def test_a_completed_run_becomes_a_version_once(workspace, engineer, model):
    run = judged_run(workspace, scores(0.3), register_as=model, created_by=engineer)
    assert registrations.register_pending(5) == 1
    assert registrations.register_pending(5) == 0
    version = ModelVersion.objects.get(model=model)
    assert (version.experiment, version.created_by, version.stage) == (run, engineer, "development")
    assert StageChange.objects.get(version=version).through == "run"
    assert said(run) == ["Registered as films 1.0.0."]


def test_the_bell_and_the_beat_ring_the_same_task(settings):
    name, queue = BELLS[REGISTRATIONS]
    assert (name, queue) == (register_completed.name, "io")
    assert name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


@pytest.mark.parametrize(
    "fields", [{"status": "running"}, {"status": "failed", "failure_reason": "it broke"}, {"run_type": "eval"}]
)
def test_what_is_not_a_completed_training_run_waits(workspace, model, fields):
    judged_run(workspace, scores(0.3), register_as=model, auto_promote=True, **fields)
    assert registrations.register_pending(5) == 0
    assert not ModelVersion.objects.exists()


def test_auto_promote_brings_the_first_version_to_production(workspace, engineer, model):
    run = judged_run(workspace, scores(0.3), register_as=model, auto_promote=True, created_by=engineer)
    registrations.register_pending(5)
    version = ModelVersion.objects.get(experiment=run)
    assert version.stage == "production"
    change = StageChange.objects.get(version=version, kind="promoted")
    assert (change.through, change.by, change.forced) == ("run", engineer, False)
    assert said(run)[-1] == "Promotion was asked for: 1.0.0 is now in production."


def test_auto_promote_of_a_version_that_is_not_better_says_why_and_only_once(workspace, engineer, model):
    live = judged_version(workspace, scores(0.5), model)
    promotion.promote(live, actor=engineer)
    run = judged_run(
        workspace, scores(0.1), dataset=live.dataset, register_as=model, auto_promote=True, created_by=engineer
    )
    registrations.register_pending(5)
    registrations.register_pending(5)
    version = ModelVersion.objects.get(experiment=run)
    assert (version.stage, live.model.versions.get(stage="production")) == ("development", live)
    assert version.notes.count("Not promoted by its run") == 1
    assert "worse" in version.notes
    assert sum(line.startswith(registrations.DECIDED) for line in said(run)) == 1


def test_killed_between_registering_and_promoting_it_goes_on_there(workspace, engineer, model):
    run = judged_run(workspace, scores(0.3), register_as=model, auto_promote=True, created_by=engineer)
    registry.register(run, actor=engineer, model=model, through="run")
    assert registrations.register_pending(5) == 1
    assert ModelVersion.objects.get(experiment=run).stage == "production"
    assert registrations.register_pending(5) == 0


def test_what_a_person_decided_meanwhile_is_not_undone(workspace, engineer, model):
    run = judged_run(workspace, scores(0.3), register_as=model, auto_promote=True, created_by=engineer)
    version = registry.register(run, actor=engineer, model=model)
    promotion.move(version, actor=engineer, to_stage="archived")
    version.refresh_from_db()
    promotion.move(version, actor=engineer, to_stage="development")
    assert registrations.register_pending(5) == 0
    assert ModelVersion.objects.get(pk=version.pk).stage == "development"


def test_a_version_that_a_person_registered_without_the_run_asking_is_left_alone(workspace, model):
    run = judged_run(workspace, scores(0.3), auto_promote=True)
    registry.register(run, actor=None, model=model)
    assert registrations.register_pending(5) == 0
    assert not ModelVersion.objects.filter(stage="production").exists()


def test_a_recipe_that_is_not_approved_holds_the_run_until_it_is(workspace, model):
    recipe_version = RecipeVersion.objects.get(recipe=make_recipe(workspace))
    RecipeVersion.objects.filter(pk=recipe_version.pk).update(status="draft")
    run = judged_run(workspace, scores(0.3), register_as=model, recipe_version=recipe_version)
    registrations.register_pending(5)
    registrations.register_pending(5)
    assert len(said(run)) == 1
    assert said(run)[0].startswith("Not registered: its recipe")
    RecipeVersion.objects.filter(pk=recipe_version.pk).update(status="approved")
    assert registrations.register_pending(5) == 1
    assert ModelVersion.objects.filter(experiment=run).exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.SCIENTIST, None])
def test_a_role_that_was_taken_away_counts_when_the_run_completes(workspace, model, role):
    person = make_member(workspace, Role.ENGINEER)
    run = judged_run(workspace, scores(0.3), register_as=model, auto_promote=True, created_by=person)
    memberships = Membership.objects.filter(user=person)
    memberships.update(role=role) if role else memberships.delete()
    registrations.register_pending(5)
    assert not ModelVersion.objects.exists()
    assert "may not do this: register a model" in said(run)[0]


def test_one_run_that_cannot_be_registered_holds_up_no_other(workspace, engineer, model):
    broken = judged_run(workspace, scores(0.3), register_as=model, created_by=engineer)
    broken.artifacts.get(name="model.json").file.unlink()
    good = judged_run(workspace, scores(0.3), register_as=model, created_by=engineer)
    registrations.register_pending(5)
    assert list(ModelVersion.objects.values_list("experiment", flat=True)) == [good.pk]
    assert "model.json: the file is missing" in said(broken)[0]
