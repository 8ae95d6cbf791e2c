"""Recipes as files: all versions of one as JSON, and back."""

from __future__ import annotations

import json
import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_safe

from experiments.forms.recipes import ImportRecipeForm
from experiments.selectors.recipe_library import parents_for
from experiments.services import recipe_files
from experiments.services.spec import Refused, TooMany
from experiments.views.recipe_find import find_recipe
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

TEMPLATE = "experiments/recipe_import.html"
MAX_BYTES = 5 * 1024 * 1024


@requires(Action.VIEW)
@require_safe
def export(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    recipe = find_recipe(request, pk)
    text = json.dumps(recipe_files.export(recipe), indent=2, ensure_ascii=False)
    name = slugify(recipe.name)[:80] or "recipe"
    headers = {"Content-Disposition": f'attachment; filename="{name}.recipe.json"'}
    return HttpResponse(text + "\n", content_type="application/json; charset=utf-8", headers=headers)


@requires(Action.EDIT_RECIPE)
@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request: WorkspaceRequest) -> HttpResponse:
    """Reads a file that an export made; nothing is written unless all of it is accepted."""
    parents = parents_for(request.workspace)
    if request.method != "POST":
        return render_page(request, TEMPLATE, {"form": ImportRecipeForm(parents=parents)})
    form = ImportRecipeForm(request.POST, request.FILES, parents=parents)
    status = 422
    if form.is_valid():
        try:
            made = recipe_files.import_recipe(
                workspace=request.workspace,
                actor=request.user,
                content=form.cleaned_data["file"].read(MAX_BYTES + 1),
                name=form.cleaned_data["name"],
                parent=form.parent_recipe,
            )
        except Refused as error:
            form.refuse(error.problems)
            status = 429 if isinstance(error, TooMany) else 422
        else:
            toast(request, f"{made.name} is imported.")
            return redirect("experiments:recipe", pk=made.pk)
    return render_page(request, TEMPLATE, {"form": form}, status=status)
