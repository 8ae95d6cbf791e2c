"""Where the agreed floor says nothing of a version, its pages and the API say so, and one click agrees on another."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from experiments.models import MetricValue
from experiments.services.spec import Refused
from mlopspro.accounts.models import AuditEntry
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace
from retraining.services import floors, policies
from retraining.tests.scene import agree, live_model

pytestmark = pytest.mark.django_db


@pytest.fixture
def workspace():
    return make_workspace()


@pytest.fixture
def version(workspace):
    return live_model(workspace)


def measured(version, protocol, name, value, **lines):
    MetricValue.objects.filter(experiment=version.experiment, protocol=protocol, name=name).delete()
    return MetricValue.objects.create(
        experiment=version.experiment, workspace=version.model.workspace, protocol=protocol, name=name, value=value,
        k=10, segment="all", users_counted=300, **lines,
    )  # fmt: skip


def standing(version):
    return floors.standing(version.model, policies.of(version.model))


def test_a_floor_below_recommending_everything_says_nothing_and_its_own_baseline_is_proposed(version):
    measured(version, "rated", "f1_at_10", 0.83, oracle=0.97, everything=0.78)
    measured(version, "catalogue", "ndcg_at_10", 0.4, oracle=1.0)
    found = standing(version)
    assert found.reached is False
    assert "recommending everything scores 0.78" in found.sentence
    rule = found.proposal
    assert (rule.protocol, rule.metric, rule.floor) == ("catalogue", "ndcg_at_10", 0.34)


def test_a_floor_above_the_best_possible_is_out_of_reach(version):
    measured(version, "rated", "f1_at_10", 0.6, oracle=0.7, everything=0.5)
    measured(version, "catalogue", "ndcg_at_10", 0.4, oracle=1.0)
    assert "the best any model could score is 0.7" in standing(version).sentence


def test_a_floor_that_can_be_reached_is_left_alone(version):
    measured(version, "rated", "f1_at_10", 0.8, oracle=0.97, everything=0.6)
    assert standing(version).reached
    with pytest.raises(Refused, match="no other floor is proposed"):
        floors.adopt(version.model, actor=None)
    assert policies.of(version.model).revision == 0


def test_a_version_that_only_ranks_has_no_rated_figure_at_all(version):
    MetricValue.objects.filter(experiment=version.experiment).delete()
    measured(version, "catalogue", "ndcg_at_10", 0.4)
    found = standing(version)
    assert "has no F1@10 (rated)" in found.sentence
    assert found.proposal.floor == 0.34


def test_off_or_by_live_feedback_nothing_is_said(version):
    measured(version, "rated", "f1_at_10", 0.83, oracle=0.97, everything=0.78)
    agree(version.model, performance__protocol="live", performance__metric="ndcg_at_10", performance__floor=0.2)
    assert standing(version) is None
    agree(version.model, performance__protocol="rated", performance__on=False)
    assert standing(version) is None


def test_one_click_agrees_on_it_as_a_revision_with_the_reason(workspace, version):
    measured(version, "rated", "f1_at_10", 0.83, oracle=0.97, everything=0.78)
    measured(version, "catalogue", "ndcg_at_10", 0.4, oracle=1.0)
    client = browser(make_member(workspace, Role.ENGINEER))
    for name in ("retraining:model", "retraining:policy"):
        page = client.get(reverse(name, args=[version.model_id])).content.decode()
        assert "The performance floor says nothing here." in page
        assert "Use the proposed floor" in page
    reader = browser(make_member(workspace, Role.VIEWER)).get(reverse("retraining:model", args=[version.model_id]))
    assert "Use the proposed floor" not in reader.content.decode()
    answer = client.post(reverse("retraining:adopt_floor", args=[version.model_id]), {"revision": "0"})
    assert answer.status_code == 302
    agreed = policies.of(version.model)
    rule = agreed.policy.performance
    assert (rule.protocol, rule.metric, rule.floor, agreed.revision > 0) == ("catalogue", "ndcg_at_10", 0.34, True)
    entry = AuditEntry.objects.filter(action="change_policy").latest("pk")
    assert "recommending everything" in entry.reason
    page = client.get(reverse("retraining:model", args=[version.model_id])).content.decode()
    assert "says nothing here" not in page


def test_the_api_of_the_policy_says_it_too(workspace, version):
    measured(version, "rated", "f1_at_10", 0.83, oracle=0.97, everything=0.78)
    measured(version, "catalogue", "ndcg_at_10", 0.4, oracle=1.0)
    client = browser(make_member(workspace, Role.ENGINEER))
    path = f"/api/retraining/policies/{version.model_id}"
    floor = client.get(path).json()["data"]["floor"]
    assert (floor["reached"], floor["proposal"]["floor"]) == (False, 0.34)
    found = client.post(f"{path}/floor", "{}", content_type="application/json")
    assert found.status_code == 200, found.content
    assert json.loads(found.content)["data"]["policy"]["performance"]["protocol"] == "catalogue"
    assert client.post(f"{path}/floor", "{}", content_type="application/json").status_code == 422
