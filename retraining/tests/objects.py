"""What the addresses of retraining point at, for the walk over all routes."""

from __future__ import annotations

import uuid

from django.utils import timezone

from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for
from retraining.models import Decision, Drill, Retraining, Trial
from retraining.policy.decide import decide
from retraining.policy.inputs import Inputs
from retraining.policy.policy import Policy
from retraining.tests import objects_trial_pages  # noqa: F401  its entries register themselves
from retraining.tests.scene import live_model


def make_decision(model, **fields):
    """As the defaults decide on a model of which nothing is known."""
    inputs = Inputs(now=timezone.now())
    found = decide(Policy(), inputs)
    values = {"tier": found.tier, "action": "none", "sentence": found.reasons[0], "document": found.to_json()}
    values |= {"inputs": inputs.to_json(), "policy": Policy().to_json()}
    return Decision.objects.create(model=model, at=inputs.now, **(values | fields))


@objects_for("retraining:model", "pk")
@objects_for("retraining:check", "pk")
@objects_for("retraining:retrain", "pk")
@objects_for("retraining:policy", "pk")
@objects_for("retraining:what_if", "pk")
@objects_for("retraining:adopt_floor", "pk")
def model(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": live_model(workspace, f"model {uuid.uuid4().hex[:8]}").model_id}


@objects_for("retraining:decision", "pk")
@objects_for("retraining:answer", "pk")
def decision(workspace: Workspace, owner: User) -> dict[str, object]:
    made = live_model(workspace, f"model {uuid.uuid4().hex[:8]}").model
    return {"pk": make_decision(made, action="propose", answer="open").pk}


@objects_for("retraining:run", "pk")
@objects_for("retraining:stop", "pk")
@objects_for("retraining:approve", "pk")
def run(workspace: Workspace, owner: User) -> dict[str, object]:
    version = live_model(workspace, f"model {uuid.uuid4().hex[:8]}")
    return {"pk": Retraining.objects.create(model=version.model, base=version).pk}


@objects_for("retraining:off_policy", "pk")
def estimated_version(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": live_model(workspace, f"model {uuid.uuid4().hex[:8]}").pk}


@objects_for("api:retraining_policy*", "model_id")
def model_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"model_id": live_model(workspace, f"model {uuid.uuid4().hex[:8]}").model_id}


@objects_for("api:retraining_answer", "decision_id")
def decision_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"decision_id": decision(workspace, owner)["pk"]}


@objects_for("api:retraining_*", "run_id")
def run_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"run_id": run(workspace, owner)["pk"]}


@objects_for("api:retraining_trial*", "trial_id")
def trial_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    made = live_model(workspace, f"model {uuid.uuid4().hex[:8]}").model
    return {"trial_id": Trial.objects.create(model=made, name="two lists", metric="ndcg_at_10").pk}


@objects_for("api:retraining_drill", "drill_id")
def drill_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"drill_id": drill(workspace, owner)["pk"]}


@objects_for("retraining:drill", "pk")
@objects_for("retraining:drill_stop", "pk")
def drill(workspace: Workspace, owner: User) -> dict[str, object]:
    made = Drill.objects.create(
        workspace=workspace, name="drill", status="failed", finished_at=timezone.now(), failure_reason="It broke."
    )
    return {"pk": made.pk}
