"""The tabs of a recipe's page: what each needs beside the head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Count
from django.urls import NoReverseMatch, reverse

from experiments.forms.recipes import ExampleForm
from experiments.models import Experiment, RecipeExample, RecipeStatus, RecipeVersion, RegisteredModel
from experiments.recipes.completing import arranged
from experiments.recipes.located_json import write
from experiments.selectors import recipes as rows
from experiments.selectors.recipes import Layer, RecipeDetail
from experiments.views import recipe_drafts
from experiments.views.allowed import allowed
from experiments.views.recipe_sections import SHOWN, counted, sections_of, shown_value
from experiments.views.recipe_words import shown_changes
from mlopspro.core.http import WorkspaceRequest

OWN = "own"
RECENT_RUNS = 50
SAMPLE_ROWS = 12


def overview(request: WorkspaceRequest, detail: RecipeDetail) -> dict[str, Any]:
    asked = request.GET.get("values", "all")
    shown = asked if asked in SHOWN else "all"
    origins = named(detail.origins, detail.layers)
    sections = sections_of(detail.effective, origins, OWN, shown)
    counts = counted(sections_of(detail.effective, origins, OWN))
    order = {OWN: 0} | {layer.recipe.name: 1 for layer in detail.layers}
    return {
        "version": detail.latest,
        "sections": sections,
        "any_row": any(section.rows for section in sections),
        "shown": shown,
        "choices": SHOWN,
        "origins_counted": sorted(counts.items(), key=lambda item: order.get(item[0], 2)),
        "own_name": OWN,
        "chain": _chain(detail),
        "children": detail.children,
        "events": _events(detail),
    }


def manifest(request: WorkspaceRequest, detail: RecipeDetail) -> dict[str, Any]:
    if not allowed(request)["edit_recipe"] or detail.recipe.status == RecipeStatus.ARCHIVED:
        return {"own_text": text_of(detail.latest.manifest), "whole_text": text_of(detail.effective)}
    return recipe_drafts.opened(request, detail.recipe, detail.latest)


def versions(request: WorkspaceRequest, detail: RecipeDetail) -> dict[str, Any]:
    """``?before=&after=`` compares any two; at first the newest with the one before it."""
    known = {str(one.pk): one for one in detail.versions}
    after = known.get(request.GET.get("after", ""), detail.versions[0])
    place = detail.versions.index(after)
    before = known.get(request.GET.get("before", "")) or detail.versions[min(place + 1, len(detail.versions) - 1)]
    both = RecipeVersion.objects.in_bulk([before.pk, after.pk])
    changes = rows.compare_versions(both[before.pk], both[after.pk])
    _with_parents(detail.versions)
    return {
        "versions": detail.versions,
        "before": before,
        "after": after,
        "compared": shown_changes(changes),
    }


def example(request: WorkspaceRequest, detail: RecipeDetail) -> dict[str, Any]:
    found = detail.example
    waiting = found is not None and (found.experiment.is_active if found.experiment else False)
    return {
        "example": found,
        "truth": [(_words(name), shown_value(value)) for name, value in found.truth.items()] if found else [],
        "sample_columns": [column.get("name", "") for column in found.schema] if found else [],
        "sample_rows": _sample(found) if found else [],
        "polling": waiting,
        "example_form": ExampleForm(initial={"seed": found.seed if found else 0}),
    }


def made(request: WorkspaceRequest, detail: RecipeDetail) -> dict[str, Any]:
    models = RegisteredModel.objects.filter(recipe=detail.recipe, archived_at__isnull=True)
    runs = Experiment.objects.filter(recipe_version__recipe=detail.recipe, deleted_at__isnull=True)
    runs = runs.select_related("recipe_version", "dataset", "created_by").defer(
        "recipe_version__manifest", "recipe_version__effective"
    )
    return {
        "models": [_model(one) for one in models.annotate(num_versions=Count("versions")).order_by("name")],
        "runs": list(runs.order_by("-created_at", "pk")[:RECENT_RUNS]),
        "runs_count": detail.runs,
    }


Panel = Callable[[WorkspaceRequest, RecipeDetail], dict[str, Any]]
PANELS: dict[str, Panel] = {
    "overview": overview,
    "manifest": manifest,
    "versions": versions,
    "example": example,
    "made": made,
}


def named(origins: Mapping[str, str], layers: list[Layer]) -> dict[str, str]:
    """Levels as people know them: OWN for the last layer, the recipe's name and number for those above."""
    names = {layer.level: f"{layer.recipe.name} {layer.version.number}" for layer in layers}
    names[layers[-1].level] = OWN
    return {path: names.get(level, level) for path, level in origins.items()}


def text_of(content: Mapping[str, Any]) -> str:
    return write(arranged(content))


def _chain(detail: RecipeDetail) -> list[dict[str, Any]]:
    """The recipes above, each with the version this one inherits from."""
    versions = {layer.recipe.pk: layer.version for layer in detail.layers}
    return [{"recipe": one, "version": versions.get(one.pk)} for one in detail.chain]


def _with_parents(versions: list[RecipeVersion]) -> None:
    """Gives each version the one it inherits from: one query for all."""
    asked = {one.parent_version_id for one in versions if one.parent_version_id is not None}
    above = RecipeVersion.objects.defer("manifest", "effective").in_bulk(asked) if asked else {}
    for one in versions:
        one.parent_version = above.get(one.parent_version_id) if one.parent_version_id is not None else None


def _events(detail: RecipeDetail) -> list[dict[str, Any]]:
    """What happened to it, the newest first: versions saved and approved, archived."""
    recipe = detail.recipe
    found: list[dict[str, Any]] = []
    for one in detail.versions:
        href = reverse("experiments:recipe_version", args=[recipe.pk, one.pk])
        found.append(
            {
                "at": one.created_at,
                "title": f"{one.number} saved",
                "text": one.change_note[:200],
                "actor": one.created_by,
                "icon": "pencil",
                "href": href,
            }
        )
        if one.approved_at is not None:
            found.append(
                {
                    "at": one.approved_at,
                    "title": f"{one.number} approved",
                    "actor": one.approved_by,
                    "icon": "circle-check",
                    "tone": "good",
                    "href": href,
                }
            )
    if recipe.archived_at is not None:
        found.append({"at": recipe.archived_at, "title": "Archived", "actor": recipe.archived_by, "icon": "archive"})
    return sorted(found, key=lambda event: event["at"], reverse=True)[:8]


def _model(model: RegisteredModel) -> RegisteredModel:
    try:
        model.href = reverse("experiments:model", args=[model.pk])  # type: ignore[attr-defined]
    except NoReverseMatch:
        model.href = ""  # type: ignore[attr-defined]
    return model


def _sample(found: RecipeExample) -> list[list[dict[str, Any]]]:
    names = [column.get("name", "") for column in found.schema]
    return [[_cell(row.get(name)) for name in names] for row in found.sample_rows[:SAMPLE_ROWS]]


def _cell(value: Any) -> dict[str, Any]:
    numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {"text": shown_value(value) if not isinstance(value, int) else str(value), "numeric": numeric}


def _words(name: str) -> str:
    return name.replace("_", " ")[:1].upper() + name.replace("_", " ")[1:]
