"""Recipes, their versions and examples. Manifests are looked at here; the recipe's page and services write them."""

from __future__ import annotations

from django.contrib import admin

from experiments.admin.base import ReadOnlyAdmin
from experiments.models import Recipe, RecipeExample, RecipeVersion


@admin.register(Recipe)
class RecipeAdmin(ReadOnlyAdmin):
    list_display = ("name", "family", "level", "status", "parent", "is_seeded", "workspace", "created_by", "updated_at")
    list_filter = ("family", "level", "status", "is_seeded", "workspace")
    list_select_related = ("parent", "workspace", "created_by")
    search_fields = ("name", "=id")


@admin.register(RecipeVersion)
class RecipeVersionAdmin(ReadOnlyAdmin):
    list_display = ("recipe", "number", "status", "change_note", "created_by", "created_at", "approved_by")
    list_filter = ("status",)
    list_select_related = ("recipe", "created_by", "approved_by")
    search_fields = ("recipe__name", "=id", "=effective_sha256")


@admin.register(RecipeExample)
class RecipeExampleAdmin(ReadOnlyAdmin):
    list_display = ("recipe", "seed", "dataset", "experiment", "created_at")
    list_select_related = ("recipe", "dataset", "experiment")
    search_fields = ("recipe__name",)
