"""The synthetic example of a recipe, made anew."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from experiments.forms.recipes import ExampleForm
from experiments.services import recipe_examples
from experiments.services.spec import Refused
from experiments.views import recipe_page
from experiments.views.recipe_find import find_recipe
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest
from mlopspro.core.toasts import toast


@requires(Action.EDIT_RECIPE)
@require_POST
def example(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """Makes the synthetic example anew: data of known truth, and a run on it."""
    recipe = find_recipe(request, pk)
    form = ExampleForm(request.POST)
    if form.is_valid():
        try:
            recipe_examples.make_example(recipe, actor=request.user, seed=form.cleaned_data["seed"])
            toast(request, "The example is being made.", "info")
            return redirect(reverse("experiments:recipe", args=[pk]) + "?tab=example")
        except Refused as error:
            form.refuse(error.problems)
    return recipe_page.shown(request, recipe, "example", {"example_form": form}, status=422)
