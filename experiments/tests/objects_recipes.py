"""What the addresses of recipes and their versions point at, for the walk over all routes."""

from experiments.tests.recipes_made import latest, make_recipe
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for


@objects_for("experiments:recipe*", "pk")
def recipe(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"pk": make_recipe(workspace, actor=owner, approved=False).pk}


@objects_for("experiments:recipe*", "pk", "version")
def recipe_version(workspace: Workspace, owner: User) -> dict[str, object]:
    made = make_recipe(workspace, actor=owner, approved=False)
    return {"pk": made.pk, "version": latest(made).pk}
