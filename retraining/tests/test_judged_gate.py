"""The gate among judged items: fair to a version that production never let anybody see."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from django.utils import timezone

from experiments.models import ModelVersion, Stage
from experiments.services import promotion
from experiments.services.deployments import champion
from experiments.services.promotion_blockers import Assessment, Blocker
from experiments.tests.registered import make_model, make_run, make_version
from experiments.tests.stored import stored_dataset
from mlopspro.testing.people import make_workspace
from monitoring.models import Source
from monitoring.services.sources import source_of
from retraining.services import driver, judged_gate, retrainings
from retraining.services.stage_gate import standing
from retraining.tests.retrain_scene import PLAN, Scene, drive, react
from retraining.trial.judged_lists import both_kinds, ndcg_each


def test_ndcg_within_judged_items_is_that_of_brute_force():
    random = np.random.default_rng(4)
    user, item = np.repeat(np.arange(30), 14), np.tile(np.arange(14), 30)
    liked, score = random.random(420) < 0.3, random.random(420)
    users, values = ndcg_each(user, item, liked, score)
    for who, value in zip(users, values, strict=True):
        rows = np.flatnonzero(user == who)
        order = sorted(rows, key=lambda row: -score[row])[:10]
        gain = sum(liked[row] / math.log2(place + 2) for place, row in enumerate(order))
        best = sum(1 / math.log2(place + 2) for place in range(min(10, int(liked[rows].sum()))))
        assert value == pytest.approx(gain / best, abs=1e-12)


def test_only_users_who_liked_some_and_not_all_say_anything():
    user = np.array([1, 1, 2, 2, 3, 3])
    liked = np.array([True, True, True, False, False, False])
    assert both_kinds(user, liked).tolist() == [False, False, True, True, False, False]


def blocked(*codes):
    return Assessment(tuple(Blocker(code, f"{code} speaks against it.", True) for code in codes), None)


def test_what_judged_items_outweigh_and_what_not():
    passed = {"passed": True, "high": 0.1, "sentence": "Better."}
    unsure = {"passed": False, "high": 0.1, "sentence": "Not shown."}
    worse = {"passed": False, "high": -0.1, "sentence": "Worse."}
    assert standing(blocked("gate_failed"), passed) == []
    assert [one.code for one in standing(blocked("gate_failed", "threshold"), passed)] == ["threshold"]
    assert [one.code for one in standing(blocked("gate_failed"), {})] == ["gate_failed"]
    assert [one.code for one in standing(blocked("gate_failed"), unsure)] == ["gate_failed"]
    assert standing(blocked(), unsure) == []
    assert [one.message for one in standing(blocked(), worse)] == ["Worse."]


@pytest.fixture
def divided(db):
    """An EASE list in production; since then one half of the users likes these four items and the other those."""
    workspace = make_workspace()
    dataset = stored_dataset(workspace, "old ratings", users=80, items=30, interactions=1_000)
    model = make_model(workspace, "films", headline="catalogue.ndcg_at_10")
    base = make_version(workspace, model, run=make_run(workspace, "ease", dataset, name="first run"))
    promotion.promote(base, actor=None)
    base = ModelVersion.objects.select_related("model", "dataset", "experiment").get(pk=base.pk)
    here = Scene(workspace, model, base, source_of(model=model, version=base, role=Source.As.CHAMPION))
    new = [f"new {place}" for place in range(14)]
    pairs = [
        (user, item, 5.0 if (at + place) % 2 else 1.0)
        for at, user in enumerate(here.users)
        for place, item in enumerate(new)
    ]
    order = np.random.default_rng(2).permutation(len(pairs))
    begin = timezone.now() - dt.timedelta(hours=6)
    react(here, [(*pairs[at], begin + dt.timedelta(seconds=30 * place)) for place, at in enumerate(order)])
    return here


def test_a_retraining_goes_by_judged_items_all_the_way_and_says_so(divided):
    plan = PLAN | {"data": {"minimum_new": 50, "holdout_share": 0.35}}
    row = drive(divided, retrainings.begin(divided.model, through="command", plan=plan), until="canary")
    assert row.state == "canary", row.sentence
    gate = row.steps.get(kind="gate")
    judged = gate.evidence["judged"]
    assert judged["passed"]
    assert judged["candidate"] > judged["production"] + 0.01
    assert judged["low"] > 0
    assert gate.sentence.startswith("NDCG@10 among the items that users judged: ")
    pairs = judged_gate.judged_pairs(row)
    assert pairs is not None
    assert len(np.unique(pairs.user)) == judged["units"]
    assert set(pairs.item_ids) <= {f"new {place}" for place in range(14)}
    row = drive(divided, row)
    assert row.state == "promoted", row.sentence
    assert champion(divided.model) == row.version


def test_a_difference_smaller_than_what_is_asked_for_is_held_with_both_figures(divided):
    plan = PLAN | {"data": {"minimum_new": 50, "holdout_share": 0.35}}
    divided.model.minimum_improvement = 0.9
    divided.model.save()
    row = drive(divided, retrainings.begin(divided.model, through="command", plan=plan))
    assert row.state == "held", "0.9 is asked for of both comparisons"
    assert "among the items that users judged" in row.sentence
    assert ModelVersion.objects.get(pk=row.version_id).stage == Stage.DEVELOPMENT
    assert driver.advance(row).state == "held"
