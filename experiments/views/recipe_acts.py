"""What is done to a recipe or one of its versions with one button: approve, archive, bring back, upgrade."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from experiments.forms.recipes import ApproveForm, ReasonForm
from experiments.forms.training import sentence
from experiments.models import Recipe, RecipeStatus
from experiments.selectors import recipes as rows
from experiments.services import recipes
from experiments.services.spec import Refused
from experiments.views import recipe_page
from experiments.views.allowed import allowed
from experiments.views.recipe_find import find_recipe, find_version
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action, NotAllowed
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

REASON = "experiments/recipe_reason.html"
NEEDS_APPROVER = (
    "{name} has an approved version, on which others may build. Archiving it or bringing it back needs somebody who "
    "may approve recipes: an engineer or an administrator."
)


@requires(Action.APPROVE_RECIPE)
@require_POST
def approve(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponse:
    """Lets runs, children and models be made of a version; one that is approved already stays so."""
    recipe = find_recipe(request, pk)
    found = find_version(recipe, version)
    form = ApproveForm(request.POST)
    if form.is_valid():
        try:
            recipes.approve(found, actor=request.user, note=form.cleaned_data["note"])
            toast(request, f"{recipe.name} {found.number} is approved.")
            return redirect("experiments:recipe_version", pk=pk, version=version)
        except Refused as error:
            form.refuse(error.problems)
    return recipe_page.shown_version(request, recipe, found, approve_form=form, status=422)


@requires(Action.EDIT_RECIPE)
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Asks for the reason; what runs or was made of the recipe goes on. One that was approved needs an approver."""
    recipe = find_recipe(request, pk)
    _refuse_unless_approver(request, recipe)
    back = reverse("experiments:recipe", args=[pk])
    form = ReasonForm(request.POST or None) if request.method == "POST" else ReasonForm()
    if form.is_valid():
        try:
            recipes.archive(recipe, actor=request.user, reason=form.cleaned_data["reason"])
            toast(request, f"{recipe.name} is archived.", "info")
            return redirect(back)
        except Refused as error:
            form.refuse(error.problems)
    context = {"recipe": recipe, "form": form, "back": back, "what": recipe.name, "whole": True}
    return render_page(request, REASON, context, status=422 if form.is_bound else 200)


@requires(Action.APPROVE_RECIPE)
@require_http_methods(["GET", "HEAD", "POST"])
def archive_version(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponse:
    recipe = find_recipe(request, pk)
    found = find_version(recipe, version)
    back = reverse("experiments:recipe_version", args=[pk, version])
    form = ReasonForm(request.POST) if request.method == "POST" else ReasonForm()
    if form.is_valid():
        try:
            recipes.archive_version(found, actor=request.user, reason=form.cleaned_data["reason"])
            toast(request, f"{recipe.name} {found.number} is archived.", "info")
            return redirect(back)
        except Refused as error:
            form.refuse(error.problems)
    context = {"recipe": recipe, "form": form, "back": back, "what": f"{recipe.name} {found.number}", "whole": False}
    return render_page(request, REASON, context, status=422 if form.is_bound else 200)


@requires(Action.EDIT_RECIPE)
@require_POST
def restore(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    recipe = find_recipe(request, pk)
    _refuse_unless_approver(request, recipe)
    return _done(request, pk, f"{recipe.name} is back.", lambda: recipes.restore(recipe, actor=request.user))


@requires(Action.EDIT_RECIPE)
@require_POST
def delete(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Only a draft that nothing was made of; otherwise the page says what holds it."""
    recipe = find_recipe(request, pk)
    try:
        recipes.delete(recipe, actor=request.user)
    except Refused as error:
        toast(request, _words(error), "error")
        return redirect("experiments:recipe", pk=pk)
    toast(request, f"{recipe.name} is deleted.", "info")
    return redirect("experiments:recipes")


@requires(Action.EDIT_RECIPE)
@require_POST
def upgrade(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Takes up the parent's newer approved version as a new draft that says what it said before.

    Where the whole would not be accepted, the editor opens on that parent with everything that is wrong.
    """
    recipe = find_recipe(request, pk)
    offered = rows.offered_upgrade(recipe)
    latest = recipes.latest_of(recipe)
    if offered is None or latest is None:
        toast(request, f"{recipe.name} is on the newest approved version of what it inherits from.", "info")
        return redirect("experiments:recipe", pk=pk)
    taken = offered.offered
    try:
        version = recipes.save_version(
            recipe,
            actor=request.user,
            manifest=latest.manifest,
            change_note=f"Takes up {taken.recipe.name} {taken.number}",
            parent_version=taken,
            expected_latest=request.POST.get("expected_latest") or latest.number,
        )
    except Refused as error:
        toast(request, _words(error), "error")
        return redirect(f"{reverse('experiments:recipe', args=[pk])}?tab=manifest&parent={taken.pk}")
    toast(request, f"{recipe.name} {version.number} takes up {taken.recipe.name} {taken.number}. It is a draft.")
    return redirect("experiments:recipe_version", pk=pk, version=version.pk)


def _refuse_unless_approver(request: WorkspaceRequest, recipe: Recipe) -> None:
    if not allowed(request)["approve_recipe"] and recipe.versions.filter(status=RecipeStatus.APPROVED).exists():
        raise NotAllowed(NEEDS_APPROVER.format(name=recipe.name))


def _done(request: WorkspaceRequest, pk: uuid.UUID, words: str, act: Any) -> HttpResponse:
    try:
        act()
        toast(request, words)
    except Refused as error:
        toast(request, _words(error), "error")
    return redirect("experiments:recipe", pk=pk)


def _words(error: Refused) -> str:
    return " ".join(sentence(problem.message) for problem in error.problems[:3])
