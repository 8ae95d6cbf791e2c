"""The library of recipes: found, filtered, as a list or as a tree of what inherits from what."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from experiments.learning.families import ABOUT, Family
from experiments.models import Level, Recipe, RecipeStatus
from experiments.selectors import recipe_library
from experiments.selectors import recipes as rows
from experiments.services import recipes as services
from experiments.views.allowed import allowed
from mlopspro.accounts.access import requires, visible
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

TEMPLATE = "experiments/recipes.html"
PAGE_SIZE = 50
MAX_TEXT = 200
FILTERS: dict[str, tuple[str, str, list[tuple[str, str]]]] = {
    "family": ("Family", "Any family", [(one.value, ABOUT[one].label) for one in Family]),
    "level": ("Level", "Any level", [(str(value), str(label)) for value, label in Level.choices]),
    "status": (
        "Status",
        "In use",
        [*((str(value), str(label)) for value, label in RecipeStatus.choices), ("all", "All")],
    ),
}


@requires(Action.VIEW)
@require_safe
def library(request: WorkspaceRequest) -> HttpResponse:
    """``q``, ``family``, ``level``, ``status`` and ``tag`` filter; ``shown`` is list or tree. All in the address."""
    tags = rows.tags(request.workspace)
    choices: list[dict[str, Any]] = [
        {"name": name, "label": label, "any": every, "options": options}
        for name, (label, every, options) in (FILTERS | {"tag": ("Tag", "Any tag", [(t, t) for t in tags])}).items()
    ]
    filters = {"q": request.GET.get("q", "").replace("\x00", "").strip()[:MAX_TEXT]}
    for choice in choices:
        asked = request.GET.get(choice["name"], "")
        filters[choice["name"]] = choice["value"] = asked if asked in dict(choice["options"]) else ""
    shown = "tree" if request.GET.get("shown") == "tree" else "list"
    found = rows.listed(request.workspace, **filters)
    context: dict[str, Any] = {"filters": filters, "choices": choices, "shown": shown, "allowed": allowed(request)}
    context |= _addresses(filters, shown) | {"chips": _chips(filters, choices, shown)}
    if shown == "tree":
        context["trees"] = recipe_library.trees_of(request.workspace, found)
        context["any"] = bool(context["trees"]) or _any(request, filters)
    else:
        page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
        context |= {"page": page, "rows": recipe_library.rows_of(list(page))}
        context["any"] = bool(page.object_list) or _any(request, filters)
    return render_page(request, TEMPLATE, context)


@requires(Action.EDIT_RECIPE)
@require_POST
def seed(request: WorkspaceRequest) -> HttpResponse:
    """Adds the baselines that ship with the product; those that are there stay as they are."""
    before = set(visible(Recipe, request).filter(deleted_at__isnull=True).values_list("pk", flat=True))
    made = [one for one in services.seed_baselines(request.workspace) if one.pk not in before]
    words = f"{len(made)} baseline{'s are' if len(made) != 1 else ' is'} added." if made else "All baselines are there."
    toast(request, words, "success" if made else "info")
    return redirect("experiments:recipes")


def _any(request: WorkspaceRequest, filters: dict[str, str]) -> bool:
    return any(filters.values()) and visible(Recipe, request).filter(deleted_at__isnull=True).exists()


def _addresses(filters: dict[str, str], shown: str) -> dict[str, str]:
    kept = {name: value for name, value in filters.items() if value}
    return {
        "list_query": urlencode(kept),
        "tree_query": urlencode(kept | {"shown": "tree"}),
        "reset": reverse("experiments:recipes") + ("?shown=tree" if shown == "tree" else ""),
    }


def _chips(filters: dict[str, str], choices: list[dict[str, Any]], shown: str) -> list[dict[str, str]]:
    words = {choice["name"]: (choice["label"], dict(choice["options"])) for choice in choices}
    chips = []
    for name, value in filters.items():
        if not value:
            continue
        label, options = words.get(name, ("Search", {}))
        others = {key: text for key, text in filters.items() if text and key != name}
        others |= {"shown": "tree"} if shown == "tree" else {}
        chips.append({"label": f"{label}: {options.get(value, value)}", "remove": "?" + urlencode(others)})
    return chips
