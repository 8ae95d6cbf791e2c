"""Recipes and their versions by the ids in an address. What is another workspace's, or deleted, does not exist."""

from __future__ import annotations

import uuid

from django.shortcuts import get_object_or_404

from experiments.models import Recipe, RecipeVersion
from mlopspro.accounts.access import visible
from mlopspro.core.http import WorkspaceRequest


def find_recipe(request: WorkspaceRequest, pk: uuid.UUID) -> Recipe:
    """With its workspace, parents and people: one query."""
    rows = visible(Recipe, request).filter(deleted_at__isnull=True)
    rows = rows.select_related("workspace", "parent__parent", "cloned_from", "created_by", "archived_by")
    return get_object_or_404(rows, pk=pk)


def find_version(recipe: Recipe, version: uuid.UUID | str) -> RecipeVersion:
    rows = RecipeVersion.objects.filter(recipe=recipe)
    found: RecipeVersion = get_object_or_404(
        rows.select_related("parent_version__recipe", "created_by", "approved_by"), pk=version
    )
    found.recipe = recipe
    return found
