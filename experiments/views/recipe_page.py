"""What the page of a recipe, its tabs and the page of a version show. Shared by all views that end on one of them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from experiments.forms.recipes import ApproveForm
from experiments.learning.families import ABOUT, Family
from experiments.models import Recipe, RecipeStatus, RecipeVersion
from experiments.recipes.completing import arranged
from experiments.recipes.provenance import origins
from experiments.selectors import recipes as rows
from experiments.selectors.recipes import Layer, RecipeDetail
from experiments.views import recipe_tabs
from experiments.views.allowed import allowed
from experiments.views.recipe_sections import sections_of
from experiments.views.recipe_words import shown_changes, shown_upgrade
from mlopspro.core.http import WorkspaceRequest, render_page

TEMPLATE = "experiments/recipe.html"
VERSION = "experiments/recipe_version.html"
TABS = [
    {"key": "overview", "label": "Overview", "icon": "layout-dashboard"},
    {"key": "manifest", "label": "Manifest", "icon": "braces"},
    {"key": "versions", "label": "Versions", "icon": "history"},
    {"key": "example", "label": "Synthetic example", "icon": "sparkles"},
    {"key": "made", "label": "Models and runs", "icon": "boxes"},
]


def tab_of(request: WorkspaceRequest) -> str:
    asked = request.GET.get("tab", "overview")
    return asked if asked in recipe_tabs.PANELS else "overview"


def shown(
    request: WorkspaceRequest, recipe: Recipe, tab: str, extra: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """The page with one of its tabs open; ``extra`` is what a refused form has typed in it."""
    detail = rows.detail(recipe)
    may = allowed(request)
    found = rows.offered_upgrade(recipe) if recipe.parent_id is not None else None
    context: dict[str, Any] = {
        "recipe": recipe,
        "detail": detail,
        "latest": detail.latest,
        "approved": detail.approved,
        "about": ABOUT[Family(recipe.family)],
        "launchable": detail.approved or detail.latest,
        "upgrade": shown_upgrade(found, detail.latest) if found is not None else None,
        "may_archive": may["edit_recipe"] and (may["approve_recipe"] or detail.approved is None),
        "trail": trail(detail.chain, recipe),
        "tab": tab,
        "tabs": _tabs(detail),
        "panel": f"experiments/tabs/recipe/{tab}.html",
        "allowed": may,
    }
    panel = {} if extra and tab == "manifest" else recipe_tabs.PANELS[tab](request, detail)
    return render_page(request, TEMPLATE, context | panel | (extra or {}), status=status)


def shown_version(
    request: WorkspaceRequest,
    recipe: Recipe,
    version: RecipeVersion,
    *,
    approve_form: ApproveForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """One version: what it changed, its whole manifest, and what is to be approved."""
    layers = rows.layers_of(version)
    approved = recipe.versions.filter(status=RecipeStatus.APPROVED).exclude(pk=version.pk).first()
    may = allowed(request)
    open_draft = version.status == RecipeStatus.DRAFT and recipe.status != RecipeStatus.ARCHIVED
    inherited = version.parent_version
    context: dict[str, Any] = {
        "recipe": recipe,
        "version": version,
        "changes": shown_changes(version.changes),
        "own_text": recipe_tabs.text_of(version.manifest),
        "whole_text": recipe_tabs.text_of(version.effective),
        "sections": sections_of(arranged(version.effective), named_origins(layers, version), recipe_tabs.OWN),
        "approved": approved,
        "since_approved": shown_changes(rows.compare_versions(approved, version)) if approved else None,
        "approving": open_draft or approve_form is not None,
        "parent_is_draft": inherited is not None and inherited.status != RecipeStatus.APPROVED,
        "approve_form": approve_form or ApproveForm(),
        "trail": [*trail([], recipe)[:-1], (recipe.name, _address(recipe)), (version.number, "")],
        "allowed": may,
    }
    return render_page(request, VERSION, context, status=status)


def named_origins(layers: list[Layer], version: RecipeVersion) -> dict[str, str]:
    """Leaf path → name of the recipe above that says it, OWN for this one, or "default"."""
    said = [(layer.level, layer.manifest) for layer in layers]
    return recipe_tabs.named(origins(said, arranged(version.effective)), layers)


def trail(chain: list[Recipe], recipe: Recipe) -> list[tuple[str, str]]:
    """The breadcrumb: the library, the recipes above from the baseline on, and this one."""
    above = [(one.name, _address(one)) for one in chain]
    return [("Recipes", reverse("experiments:recipes")), *above, (recipe.name, "")]


def _tabs(detail: RecipeDetail) -> list[dict[str, Any]]:
    counts = {"versions": len(detail.versions), "made": detail.models + detail.runs}
    return [{**tab, "count": counts.get(str(tab["key"]))} for tab in TABS]


def _address(recipe: Recipe) -> str:
    return reverse("experiments:recipe", args=[recipe.pk])
