"""The manifest editor: the check as one types, and saving as a new version. A refusal keeps what was typed."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from experiments.services import recipes
from experiments.services.spec import Refused, TooMany
from experiments.views import recipe_page
from experiments.views.recipe_drafts import posted, save_form
from experiments.views.recipe_editing import Editing
from experiments.views.recipe_find import find_recipe
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, render_page
from mlopspro.core.toasts import toast

CHECK, WRITE = "check", "write"


@requires(Action.EDIT_RECIPE)
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """What a text is, as it is typed, after the form's changes are written into it. Saves nothing."""
    recipe = find_recipe(request, pk)
    if request.method != "POST":
        return redirect(reverse("experiments:recipe", args=[pk]) + "?tab=manifest")
    context = posted(request, recipe)
    if not is_fragment(request):
        return recipe_page.shown(request, recipe, "manifest", context)
    return render_page(request, recipe_page.TEMPLATE, {"recipe": recipe} | context, partial="checked")


@requires(Action.EDIT_RECIPE)
@require_POST
def save(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Writes the text as a new draft version, or shows the editor again with everything that is wrong."""
    recipe = find_recipe(request, pk)
    context = posted(request, recipe)
    if CHECK in request.POST or WRITE in request.POST:
        return recipe_page.shown(request, recipe, "manifest", context)
    editing: Editing = context["editing"]
    form = context["save_form"] = save_form(request, context["latest"])
    valid = form.is_valid()
    if not valid or editing.problems or context["meanwhile"] is not None:
        return recipe_page.shown(
            request, recipe, "manifest", context, status=409 if valid and context["meanwhile"] else 422
        )
    try:
        version = recipes.save_version(
            recipe,
            actor=request.user,
            manifest=editing.own or {},
            number=form.chosen,
            change_note=form.cleaned_data["change_note"],
            parent_version=editing.parent_version,
            expected_latest=context["latest"].number,
        )
    except Refused as error:
        form.refuse(editing.refuse(error.problems))
        return recipe_page.shown(
            request, recipe, "manifest", context, status=429 if isinstance(error, TooMany) else 422
        )
    toast(request, f"{recipe.name} {version.number} is saved as a draft.")
    return redirect("experiments:recipe_version", pk=recipe.pk, version=version.pk)
