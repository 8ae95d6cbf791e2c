"""What operations of the recipes' API point at, for the walk over all routes."""

from experiments.tests.recipes_made import latest, make_recipe
from mlopspro.accounts.models import User, Workspace
from mlopspro.testing.objects import objects_for


@objects_for("api:*", "recipe_id")
def recipe_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    return {"recipe_id": make_recipe(workspace, actor=owner, approved=False).pk}


@objects_for("api:*", "recipe_id", "version_id")
def recipe_version_of_the_api(workspace: Workspace, owner: User) -> dict[str, object]:
    made = make_recipe(workspace, actor=owner, approved=False)
    return {"recipe_id": made.pk, "version_id": latest(made).pk}
