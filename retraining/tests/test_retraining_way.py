"""Whole ways of a retraining on real data, models and windows: promoted, held, rolled back, failed."""

from __future__ import annotations

import pytest

from experiments.models import Deployment
from experiments.services.deployments import champion
from mlopspro.testing.people import make_workspace
from retraining.services import retrainings
from retraining.tests.retrain_scene import PLAN, drive, move_taste, scene


@pytest.fixture
def here(db):
    return scene(make_workspace())


def begun(here, **plan):
    return retrainings.begin(here.model, through="command", plan=PLAN | plan)


def test_from_a_decision_to_production(here):
    move_taste(here)
    row = drive(here, begun(here))
    assert (row.state, row.sentence) == ("promoted", f"{row.version.number} is in production in the place of 1.0.0.")
    assert champion(here.model) == row.version
    kinds = list(row.steps.values_list("kind", "state"))
    assert kinds == [(kind, "done") for kind in ("compose", "train", "register", "gate", "canary", "canary", "canary", "promote")]
    shares = Deployment.objects.filter(version=row.version, role="challenger").order_by("pk")
    assert [one.share for one in shares] == [0.05, 0.25, 1.0]
    assert not shares.filter(ended_at__isnull=True).exists()
