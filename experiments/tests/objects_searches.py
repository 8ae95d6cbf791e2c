"""Searches for the walk over all addresses."""

from __future__ import annotations

from experiments.models import Search
from experiments.tests.factories import make_dataset
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for


def make_search(workspace: Workspace, owner: User | None = None, **fields: object) -> Search:
    """A search's row without trials."""
    values: dict[str, object] = {
        "name": "search",
        "architecture": "item_knn",
        "parameters": {"neighbours": 200, "shrinkage": 100.0, "amplification": 1.5, "damping": 0.1},
        "space": {"neighbours": {"low": 5, "high": 200, "log": True}, "shrinkage": {"low": 1.0, "high": 100.0}},
        "split": {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 42},
        "metric": "catalogue.ndcg_at_10",
        "trials": 20,
        "created_by": owner,
    }
    if "dataset" not in fields:
        values["dataset"] = make_dataset(workspace)
    return Search.objects.create(workspace=workspace, **(values | fields))


@objects_for("experiments:search*", "pk")
def search(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_search(workspace, owner).pk}


@objects_for("api:*", "search_id")
def search_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"search_id": make_search(workspace, owner).pk}
