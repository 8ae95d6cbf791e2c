"""Recipes for tests, made by the product's own services."""

from __future__ import annotations

import uuid
from typing import Any

from experiments.models import Recipe, RecipeVersion
from experiments.services import recipes
from mlopspro.accounts.models import User, Workspace

ARCHITECTURES = {
    "recommendation": "popularity",
    "forecasting": "seasonal_naive",
    "pricing": "mean_demand",
    "next_best_action": "base_rate",
    "location_scoring": "mean_place",
}
"""The quickest of each family."""


def manifest_of(family: str = "recommendation", architecture: str = "", **parameters: Any) -> dict[str, Any]:
    """The least manifest that trains."""
    return {
        "format": 1,
        "family": family,
        "pipeline": {"training": {"architecture": architecture or ARCHITECTURES[family], "parameters": parameters}},
    }


def make_recipe(
    workspace: Workspace,
    *,
    name: str = "",
    family: str = "recommendation",
    level: str = "baseline",
    parent: Recipe | None = None,
    manifest: dict[str, Any] | None = None,
    approved: bool = True,
    actor: User | None = None,
    **fields: Any,
) -> Recipe:
    """A recipe with one version (0.1.0), approved unless asked otherwise. A child says nothing of its own."""
    said = manifest if manifest is not None else ({} if parent is not None else manifest_of(family))
    recipe = recipes.create(
        workspace=workspace,
        actor=actor,
        name=name or f"recipe {uuid.uuid4().hex[:6]}",
        family=family,
        level=level,
        parent=parent,
        manifest=said,
        **fields,
    )
    if approved:
        recipes.approve(latest(recipe), actor=actor)
        recipe.refresh_from_db()
    return recipe


def latest(recipe: Recipe) -> RecipeVersion:
    found = recipes.latest_of(recipe)
    assert found is not None
    return found


def make_levels(workspace: Workspace, **fields: Any) -> tuple[Recipe, Recipe, Recipe]:
    """Baseline, industry and client, each approved and each inheriting from the one before."""
    baseline = make_recipe(workspace, **fields)
    industry = make_recipe(workspace, level="industry", parent=baseline, **fields)
    client = make_recipe(workspace, level="client", parent=industry, **fields)
    return baseline, industry, client
