"""Feedback of users whom the live version does not know, out of the windows and into the decision."""

import datetime as dt

import pytest

from experiments.models import Experiment, ModelVersion
from mlopspro.testing.people import make_workspace
from monitoring.services import windows
from monitoring.tests.windows_scene import NOON, make_source, put, row
from retraining.services import decisions, policies
from retraining.services.inputs import inputs_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_rows_of_new_users_are_counted_and_a_decision_names_them() -> None:
    source = make_source(make_workspace())
    version, model = source.version, source.model
    assert version is not None
    ModelVersion.objects.filter(pk=version.pk).update(created_at=NOON - dt.timedelta(days=1))
    Experiment.objects.filter(pk=version.experiment_id).update(dataset_statistics={"num_train": 1000})
    click = {"feedback": [{"kind": "click", "item": "a"}]}
    rows = [row(NOON, user=f"new{n}", history=None, fallback=True, **click) for n in range(6)]
    rows += [row(NOON, user=f"cold{n}", history=0, **click) for n in range(4)]
    rows += [row(NOON, user=f"known{n}", history=9, **click) for n in range(5)]
    rows += [row(NOON, user=f"silent{n}", history=0) for n in range(7)]
    put(source, rows)
    windows.refresh()
    found = inputs_of(model, policies.of(model))
    assert (found.new_rows, found.new_user_rows, found.learnt_rows) == (15, 10, 1000)
    policies.change(model, {"new_users.above": 0.009, "new_users.at_least": 10, "schedule.on": False}, actor=None)
    decided = decisions.decide(model, through="command")
    assert [one["trigger"] for one in decided.document["triggers"] if one["state"] == "fired"] == ["new_users"]
