"""Recipes come to be: from nothing, as a copy; and their words are changed."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from experiments.forms.recipes import CloneForm, NewRecipeForm, RecipeTextForm, RefusableForm
from experiments.learning.architectures import ARCHITECTURES_OF
from experiments.learning.families import ABOUT, Family
from experiments.models import Level, Recipe
from experiments.selectors.recipe_library import parents_for
from experiments.services import recipes
from experiments.services.spec import Refused, TooMany
from experiments.views.allowed import allowed
from experiments.views.recipe_find import find_recipe
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

NEW, CLONE, EDIT = "experiments/recipe_new.html", "experiments/recipe_clone.html", "experiments/recipe_words.html"


@requires(Action.EDIT_RECIPE)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: WorkspaceRequest) -> HttpResponse:
    """Name and place of a recipe; its first draft says only the family's first architecture, or nothing of its own."""
    parents = parents_for(request.workspace)
    if request.method != "POST":
        return _page(request, NEW, NewRecipeForm(parents=parents, initial=_asked(request, parents)), families=ABOUT)
    form = NewRecipeForm(request.POST, parents=parents)
    if not form.is_valid():
        return _page(request, NEW, form, status=422, families=ABOUT)
    parent = form.parent_recipe
    family = parent.family if parent is not None else form.cleaned_data["family"]
    try:
        made = recipes.create(
            workspace=request.workspace,
            actor=request.user,
            name=form.cleaned_data["name"],
            family=family,
            level=form.cleaned_data["level"],
            parent=parent,
            manifest=_beginning(family) if parent is None else {},
            description=form.cleaned_data["description"],
            tags=form.tag_list(),
        )
    except Refused as error:
        return _refused(request, NEW, form, error, families=ABOUT)
    return _to_editor(request, made, f"{made.name} begins as the draft 0.1.0. Say here what is its own.")


@requires(Action.EDIT_RECIPE)
@require_http_methods(["GET", "HEAD", "POST"])
def clone(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    recipe = find_recipe(request, pk)
    parents = parents_for(request.workspace)
    if request.method != "POST":
        return _page(request, CLONE, CloneForm(recipe=recipe, parents=parents), recipe=recipe)
    form = CloneForm(request.POST, recipe=recipe, parents=parents)
    if not form.is_valid():
        return _page(request, CLONE, form, status=422, recipe=recipe)
    try:
        made = recipes.clone(
            recipe,
            actor=request.user,
            name=form.cleaned_data["name"],
            level=form.cleaned_data["level"],
            parent=form.parent_recipe,
        )
    except Refused as error:
        return _refused(request, CLONE, form, error, recipe=recipe)
    return _to_editor(request, made, f"{made.name} is cloned from {recipe.name}.")


@requires(Action.EDIT_RECIPE)
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Name, description and tags; versions are not touched."""
    recipe = find_recipe(request, pk)
    if request.method != "POST":
        return _page(request, EDIT, RecipeTextForm.of(recipe), recipe=recipe)
    form = RecipeTextForm(request.POST)
    if not form.is_valid():
        return _page(request, EDIT, form, status=422, recipe=recipe)
    words = form.cleaned_data
    try:
        recipes.edit(
            recipe,
            actor=request.user,
            name=words["name"],
            description=words["description"],
            tags=form.tag_list(),
        )
    except Refused as error:
        return _refused(request, EDIT, form, error, recipe=recipe)
    toast(request, "Name, description and tags are saved.")
    return redirect("experiments:recipe", pk=pk)


def _beginning(family: str) -> dict[str, Any]:
    """The least a baseline can say: what it is for, and with which architecture it begins."""
    architectures = ARCHITECTURES_OF[Family(family)]
    return {"family": family, "pipeline": {"training": {"architecture": next(iter(architectures), "")}}}


def _asked(request: WorkspaceRequest, parents: list[Recipe]) -> dict[str, Any]:
    """``?parent=`` fills in what a child of it begins with."""
    parent = next((one for one in parents if str(one.pk) == request.GET.get("parent")), None)
    if parent is None:
        return {"level": Level.BASELINE, "family": request.GET.get("family", "")}
    level = Level.INDUSTRY if parent.level == Level.BASELINE else Level.CLIENT
    return {"level": level, "parent": str(parent.pk), "family": parent.family}


def _to_editor(request: WorkspaceRequest, made: Recipe, words: str) -> HttpResponse:
    toast(request, words)
    return redirect(reverse("experiments:recipe", args=[made.pk]) + "?tab=manifest")


def _refused(
    request: WorkspaceRequest, template: str, form: RefusableForm, error: Refused, **context: Any
) -> HttpResponse:
    form.refuse(error.problems)
    return _page(request, template, form, status=429 if isinstance(error, TooMany) else 422, **context)


def _page(
    request: WorkspaceRequest, template: str, form: RefusableForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    return render_page(request, template, {"form": form, "allowed": allowed(request)} | context, status=status)
