"""The page of one recipe and the page of one of its versions."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from experiments.selectors import recipes as rows
from experiments.views import recipe_page, recipe_tabs
from experiments.views.allowed import allowed
from experiments.views.recipe_find import find_recipe, find_version
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, is_fragment, polled, render_page


@requires(Action.VIEW)
@require_safe
def detail(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponse:
    """``?tab=`` opens a part; the example's part asks again by itself while it is being made."""
    recipe = find_recipe(request, pk)
    tab = recipe_page.tab_of(request)
    if tab == "example" and is_fragment(request):
        context = recipe_tabs.example(request, rows.detail(recipe))
        context |= {"recipe": recipe, "allowed": allowed(request)}
        response = render_page(request, recipe_page.TEMPLATE, context, partial="example")
        return polled(response, done=not context["polling"])
    return recipe_page.shown(request, recipe, tab)


@requires(Action.VIEW)
@require_safe
def version_detail(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> HttpResponse:
    recipe = find_recipe(request, pk)
    return recipe_page.shown_version(request, recipe, find_version(recipe, version))
