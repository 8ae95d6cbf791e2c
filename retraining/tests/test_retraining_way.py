"""Whole ways of a retraining on real data, models and windows: promoted, held, rolled back, failed, stopped."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from experiments.models import Deployment, Experiment
from experiments.services import datasets, promotion, recipe_launch
from experiments.services.deployments import champion
from experiments.tests.recipes_made import latest, make_recipe, manifest_of
from experiments.tests.registered import make_model, make_version
from experiments.tests.runs.carried import carried_out
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import AuditEntry
from mlopspro.testing.people import make_workspace
from monitoring.services.sources import source_of
from retraining.services import driver, retrainings
from retraining.tests.retrain_scene import PLAN, Scene, drive, move_taste, react, scene


@pytest.fixture
def here(db):
    return scene(make_workspace())


def begun(here, actor=None, **plan):
    return retrainings.begin(here.model, actor=actor, through="command", plan=PLAN | plan)


def steps_of(row):
    return list(row.steps.values_list("kind", "state"))


def test_from_a_decision_to_production(here):
    move_taste(here)
    row = drive(here, begun(here))
    assert (row.state, row.sentence) == ("promoted", f"{row.version.number} is in production in the place of 1.0.0.")
    assert champion(here.model) == row.version
    kinds = ["compose", "train", "register", "gate", "canary", "canary", "canary", "promote"]
    assert steps_of(row) == [(kind, "done") for kind in kinds]
    shares = Deployment.objects.filter(version=row.version, role="challenger").order_by("pk")
    assert [one.share for one in shares] == [0.05, 0.25, 1.0]
    assert not shares.filter(ended_at__isnull=True).exists()

    assert (row.experiment.architecture, row.experiment.parameters) == ("popularity", here.base.parameters)
    assert datasets.lineage(row.dataset)["parent"] == str(here.base.dataset_id)
    change = row.version.stage_changes.get(to_stage="production")
    assert (change.through, change.forced, change.by) == ("retraining", False, None)
    gate = row.steps.get(kind="gate").evidence["gate"]
    assert gate["improvement"] > 0.01
    assert gate["low"] > 0
    assert Experiment.objects.get(pk=gate["judged_run"]).evaluates == here.base.experiment
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"start_retraining", "end_retraining", "promote_model", "start_deployment"} <= actions


def test_a_gate_that_fails_leaves_production_as_it_is_and_says_the_figures(here):
    # What was asked for is popular already, so a new list of the same is no better.
    users, popular = here.users, here.trend
    begin = timezone.now() - dt.timedelta(hours=3)
    old = [(user, f"new {at % 3}", 5.0, begin + dt.timedelta(seconds=at)) for at, user in enumerate(users)]
    react(here, old + [(user, popular[0], 1.0, begin + dt.timedelta(hours=1)) for user in users])
    row = drive(here, begun(here))
    assert row.state == "held", row.sentence
    assert row.sentence.startswith("Production keeps 1.0.0. ")
    assert champion(here.model) == here.base
    assert not Deployment.objects.filter(role="challenger").exists()
    assert row.steps.get(kind="gate").state == "refused"


def test_too_little_new_data_is_said_and_nothing_is_trained(here):
    move_taste(here, number=1)
    row = drive(here, begun(here, data={"minimum_new": 500}))
    assert row.state == "held"
    assert row.sentence == "Not enough new data. 60 new interactions since the last data; 500 are needed."
    assert not Experiment.objects.filter(tags__contains=["retraining"]).exists()


def test_a_failed_run_ends_it_with_its_reason(here):
    move_taste(here)
    row = drive(here, begun(here), until="training")
    run = driver.advance(row).experiment
    Experiment.objects.filter(pk=run.pk).update(
        status="failed", failure_reason="out of memory", finished_at=timezone.now()
    )
    row = driver.advance(row)
    assert (row.state, row.sentence) == ("failed", "Training did not succeed: out of memory")
    assert steps_of(row)[-1] == ("train", "failed")


def test_a_recipe_goes_along_and_the_holdout_is_the_newest_part_all_the_same(db):
    """The recipe divides at random; trained again, later rows would tell of earlier ones."""
    workspace = make_workspace()
    dataset = stored_dataset(workspace, "old ratings", users=60, items=40, interactions=1_200)
    manifest = manifest_of("recommendation")
    manifest["pipeline"]["evaluation"] = {"validation": {"method": "random", "test_share": 0.3}}
    recipe = latest(make_recipe(workspace, manifest=manifest))
    run = carried_out(recipe_launch.launch_version(recipe, dataset=dataset, actor=None, trackers=[]))
    model = make_model(workspace, "films", headline="catalogue.ndcg_at_10")
    base = make_version(workspace, model, run=run)
    promotion.promote(base, actor=None)
    here = Scene(workspace, model, base, source_of(model=model, version=base, role="champion"))
    move_taste(here)
    row = drive(here, begun(here), until="canary")
    assert row.version.recipe_version == recipe
    assert (base.split["method"], row.experiment.split["method"]) == ("random", "given")
