"""The editor's state: as it opens on a version, and as it was left by a person. Nothing here saves."""

from __future__ import annotations

import uuid
from typing import Any

from experiments.forms.recipes import SaveVersionForm
from experiments.models import Recipe, RecipeVersion
from experiments.recipes.completing import arranged
from experiments.recipes.differences import differences
from experiments.recipes.located_json import MAX_LENGTH, write
from experiments.recipes.numbers import proposals
from experiments.selectors.recipes import NEWEST
from experiments.services.recipe_rules import number_of
from experiments.views.recipe_editing import Editing
from experiments.views.recipe_words import shown_changes
from mlopspro.core.http import WorkspaceRequest


def opened(request: WorkspaceRequest, recipe: Recipe, latest: RecipeVersion) -> dict[str, Any]:
    """The editor as it opens: the latest version, or ``?from=`` an older one, perhaps on another ``?parent=``."""
    base = _version(recipe, request.GET.get("from", "")) or latest
    parent = _parent_version(recipe, base, request.GET.get("parent", ""))
    return {
        "editing": Editing(recipe, latest, parent, write(arranged(base.manifest))),
        "save_form": save_form(None, latest),
        "latest": latest,
        "started_from": base,
        "meanwhile": None,
        "note": _note(parent),
    }


def posted(request: WorkspaceRequest, recipe: Recipe) -> dict[str, Any]:
    """The editor as it was left. ``meanwhile``: what somebody else saved since, and how this text differs from it."""
    latest = recipe.versions.select_related("parent_version__recipe").order_by(*NEWEST)[0]  # it begins with one
    started = _version(recipe, request.POST.get("started_from", "")) or latest
    parent = _parent_version(recipe, started, request.POST.get("parent_version", ""))
    text = request.POST.get("manifest", "")[: MAX_LENGTH + 1]
    editing = Editing(recipe, latest, parent, text, request.POST)
    expected = request.POST.get("expected_latest", latest.number)
    meanwhile = _meanwhile(recipe, latest, expected) if expected != latest.number else None
    return {
        "editing": editing,
        "save_form": save_form(request, latest, bound=False),
        "latest": latest,
        "started_from": started,
        "meanwhile": meanwhile,
        "note": _note(parent),
    }


def _note(parent: RecipeVersion | None) -> str:
    if parent is None:
        return "A baseline says everything itself; what it leaves out takes the product's defaults."
    return f"Only what differs from {parent.recipe.name} {parent.number}; null takes out what is inherited."


def _meanwhile(recipe: Recipe, latest: RecipeVersion, expected: str) -> dict[str, Any]:
    """What was saved after the text was opened, and what it changed."""
    before = next((one for one in recipe.versions.all() if one.number == expected), None)
    theirs = differences(before.effective, latest.effective) if before is not None else []
    return {"version": latest, "expected": expected, "theirs": shown_changes(theirs)}


def save_form(request: WorkspaceRequest | None, latest: RecipeVersion, *, bound: bool = True) -> SaveVersionForm:
    offered = proposals(number_of(latest))
    if request is None:
        return SaveVersionForm(proposals=offered)
    if bound:
        return SaveVersionForm(request.POST, proposals=offered)
    typed = {name: request.POST.get(name, "") for name in ("part", "number", "change_note") if name in request.POST}
    return SaveVersionForm(proposals=offered, initial={"part": "proposed"} | typed)


def _version(recipe: Recipe, text: str) -> RecipeVersion | None:
    pk = _uuid(text)
    rows = recipe.versions.select_related("parent_version__recipe")
    return rows.filter(pk=pk).first() if pk is not None else None


def _parent_version(recipe: Recipe, base: RecipeVersion, text: str) -> RecipeVersion | None:
    """The parent's version that is asked for, else the one that ``base`` inherits from."""
    pk = _uuid(text)
    if pk is None or recipe.parent_id is None:
        return base.parent_version
    rows = RecipeVersion.objects.filter(recipe=recipe.parent_id).select_related("recipe")
    return rows.filter(pk=pk).first() or base.parent_version


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
