"""What operations on recipes look up: rows of the caller's workspace, and states that a caller names."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from ninja.errors import HttpError

from experiments.models import Recipe, RecipeVersion
from experiments.recipes.exchange import MAX_BYTES
from experiments.recipes.plain_json import parse_object
from experiments.recipes.problems import ManifestRefused
from experiments.selectors import recipes as rows
from experiments.services.recipe_rules import refused
from experiments.services.spec import Problem, Refused
from mlopspro.core.http import WorkspaceRequest


def recipe_of(request: WorkspaceRequest, pk: uuid.UUID) -> Any:
    found = rows.listed(request.workspace, status=rows.ALL).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def version_of(request: WorkspaceRequest, recipe: uuid.UUID, pk: uuid.UUID) -> RecipeVersion:
    found = RecipeVersion.objects.select_related("recipe", "parent_version__recipe", "created_by", "approved_by")
    version = found.filter(recipe=recipe_of(request, recipe).pk, pk=pk).first()
    if version is None:
        raise Http404
    return version


def named_recipe(request: WorkspaceRequest, field: str, pk: uuid.UUID | None) -> Recipe | None:
    """A recipe that a body names; one of another workspace does not exist."""
    if pk is None:
        return None
    found = Recipe.objects.filter(workspace=request.workspace, pk=pk, deleted_at__isnull=True).first()
    if found is None:
        raise Refused([Problem(field, f"there is no recipe {pk} in this workspace")])
    return found


def named_version(request: WorkspaceRequest, pk: uuid.UUID | None) -> RecipeVersion | None:
    if pk is None:
        return None
    found = RecipeVersion.objects.filter(recipe__workspace=request.workspace, pk=pk, recipe__deleted_at__isnull=True)
    version = found.first()
    if version is None:
        raise Refused([Problem("parent_version", f"there is no version {pk} in this workspace")])
    return version


def one_of(field: str, value: str, accepted: list[Any]) -> None:
    if value and value not in accepted:
        raise Refused([Problem(field, f"{value!r} is not known; accepted: {', '.join(accepted)}")])


def etag(recipe: Recipe) -> str:
    return f'"{recipe.updated_at.timestamp():.6f}"'


def check_match(request: WorkspaceRequest, pk: uuid.UUID) -> None:
    """Holds the recipe's row to the end of the transaction. Raises 412 where ``If-Match`` is of another state."""
    wanted = request.headers.get("If-Match", "").strip()
    recipe = Recipe.objects.select_for_update().filter(workspace=request.workspace, pk=pk).first()
    if recipe is None or not wanted or wanted == "*":
        return
    if etag(recipe) not in {item.strip() for item in wanted.split(",")}:
        raise HttpError(412, "Somebody changed the recipe since you read it. Read it again; nothing was written.")


def refuse_repeated_names(request: WorkspaceRequest) -> None:
    """The framework's reader keeps the last of two equal names without a word."""
    try:
        parse_object(request.body, MAX_BYTES)
    except ManifestRefused as error:
        raise refused(error, "body") from error
