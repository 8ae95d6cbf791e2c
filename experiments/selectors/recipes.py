"""What pages, API and commands read of recipes: the library, one recipe with its layers, and an offered upgrade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import CharField, Count, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Concat

from experiments.models import Experiment, ModelVersion, Recipe, RecipeExample, RecipeStatus, RecipeVersion
from experiments.recipes.checking import check
from experiments.recipes.completing import arranged, complete_or_not
from experiments.recipes.differences import Change, differences
from experiments.recipes.merging import merge
from experiments.recipes.problems import ManifestProblem, ManifestRefused
from experiments.recipes.proposing import Proposal, proposed
from experiments.recipes.provenance import origins
from experiments.recipes.upgrading import Conflict, conflicts
from experiments.services.recipe_rules import ancestors, number_of
from mlopspro.accounts.models import Workspace

NEWEST = ("-major", "-minor", "-patch")
ALL = "all"


@dataclass(frozen=True)
class Layer:
    """What one level says, and where it was read from."""

    level: str
    version: RecipeVersion

    @property
    def recipe(self) -> Recipe:
        return self.version.recipe

    @cached_property
    def manifest(self) -> dict[str, Any]:
        return arranged(self.version.manifest)


@dataclass(frozen=True)
class RecipeDetail:
    """``layers`` begin with the baseline; ``origins`` maps each leaf of ``effective`` to a level or to "default"."""

    recipe: Recipe
    latest: RecipeVersion
    approved: RecipeVersion | None
    versions: list[RecipeVersion]
    """Newest first, without their manifests, which are loaded when they are looked at."""
    layers: list[Layer]
    effective: dict[str, Any]
    origins: dict[str, str]
    chain: list[Recipe]
    """The recipes above it, the baseline first."""
    children: list[Recipe]
    models: int
    runs: int
    example: RecipeExample | None


@dataclass(frozen=True)
class Upgrade:
    """A newer approved version of the parent, and what taking it up would do to this recipe."""

    current: RecipeVersion
    offered: RecipeVersion
    effective: dict[str, Any]
    changes: list[Change]
    """Of this recipe's effective manifest."""
    conflicts: list[Conflict]
    """What the parent changed and this recipe overrides; its own values stay."""
    problems: list[ManifestProblem]
    """Why it cannot be taken up as it is; empty where it can."""
    proposal: Proposal


def listed(
    workspace: Workspace, *, q: str = "", family: str = "", level: str = "", status: str = "", tag: str = ""
) -> QuerySet[Recipe]:
    """Recipes by name, with ``latest_number``, ``approved_number``, ``num_versions``, ``num_models``, ``num_children``.

    Archived ones are left out unless ``status`` is "archived" or "all".
    """
    rows: QuerySet[Recipe] = Recipe.objects.filter(workspace=workspace, deleted_at__isnull=True)
    if status and status != ALL:
        rows = rows.filter(status=status)
    elif not status:
        rows = rows.exclude(status=RecipeStatus.ARCHIVED)
    if family:
        rows = rows.filter(family=family)
    if level:
        rows = rows.filter(level=level)
    if tag:
        rows = rows.filter(tags__contains=[tag])
    for word in q.replace("\x00", "").split():
        rows = rows.filter(Q(name__icontains=word) | Q(description__icontains=word) | Q(tags__contains=[word]))
    return _with_figures(rows).select_related("parent", "created_by").order_by("name", "pk")


def tags(workspace: Workspace) -> list[str]:
    """Every tag in use, sorted."""
    rows = Recipe.objects.filter(workspace=workspace, deleted_at__isnull=True).values_list("tags", flat=True)
    return sorted({tag for of_one in rows for tag in of_one})


def detail(recipe: Recipe) -> RecipeDetail:
    """Everything a recipe's page shows; a bounded number of queries."""
    versions = list(
        recipe.versions.defer("manifest", "effective").select_related("created_by", "approved_by").order_by(*NEWEST)
    )
    latest = _whole(versions[0].pk)
    above = layers_of(latest)
    effective = arranged(latest.effective)
    return RecipeDetail(
        recipe=recipe,
        latest=latest,
        approved=next((version for version in versions if version.status == RecipeStatus.APPROVED), None),
        versions=versions,
        layers=above,
        effective=effective,
        origins=origins([(layer.level, layer.manifest) for layer in above], effective),
        chain=list(reversed(ancestors(recipe))),
        children=list(recipe.children.filter(deleted_at__isnull=True).order_by("name")),
        models=recipe.models.filter(archived_at__isnull=True).count(),
        runs=Experiment.objects.filter(recipe_version__recipe=recipe, deleted_at__isnull=True).count(),
        example=RecipeExample.objects.filter(recipe=recipe).select_related("dataset", "experiment").first(),
    )


def layers_of(version: RecipeVersion) -> list[Layer]:
    """What each level says of a version's effective manifest, the baseline first."""
    found: list[Layer] = []
    current: RecipeVersion | None = version
    while current is not None:
        found.append(Layer(current.recipe.level, current))
        current = _whole(current.parent_version_id) if current.parent_version_id else None
    return list(reversed(found))


def origins_of(version: RecipeVersion) -> dict[str, str]:
    """Leaf path of its effective manifest → the level that said it last, or "default"."""
    return origins([(layer.level, layer.manifest) for layer in layers_of(version)], arranged(version.effective))


def preview(parent_version: RecipeVersion | None, patch: Mapping[str, Any], family: str) -> dict[str, Any]:
    """The whole that a patch would make, as far as it can be told; ``checking.check`` says what is wrong with it."""
    merged = merge(parent_version.effective if parent_version else {}, patch)
    return complete_or_not({"family": family, **merged})


def offered_upgrade(recipe: Recipe) -> Upgrade | None:
    """The newest approved version of the parent, where it is above the one the latest version inherits from."""
    if recipe.parent_id is None:
        return None
    latest = recipe.versions.select_related("parent_version__recipe").order_by(*NEWEST).first()
    if latest is None or latest.parent_version is None:
        return None
    current = latest.parent_version
    offered = (
        RecipeVersion.objects.filter(recipe=recipe.parent_id, status=RecipeStatus.APPROVED)
        .select_related("recipe")
        .order_by(*NEWEST)
        .first()
    )
    if offered is None or current.recipe_id != offered.recipe_id or number_of(offered) <= number_of(current):
        return None
    return _upgrade(recipe, latest, current, offered)


def compare_versions(a: RecipeVersion, b: RecipeVersion) -> list[Change]:
    """What differs between two effective manifests, from ``a`` to ``b``."""
    return differences(arranged(a.effective), arranged(b.effective))


def _upgrade(recipe: Recipe, latest: RecipeVersion, current: RecipeVersion, offered: RecipeVersion) -> Upgrade:
    merged = merge(offered.effective, latest.manifest)
    problems: list[ManifestProblem] = []
    try:
        check(merged, recipe.family)
    except ManifestRefused as error:
        problems = error.problems
    effective = complete_or_not(merged)
    changes = differences(arranged(latest.effective), effective)
    return Upgrade(
        current=current,
        offered=offered,
        effective=effective,
        changes=changes,
        conflicts=conflicts(arranged(current.effective), arranged(offered.effective), latest.manifest),
        problems=problems,
        proposal=proposed(number_of(latest), changes),
    )


def _whole(pk: Any) -> RecipeVersion:
    return RecipeVersion.objects.select_related("recipe", "parent_version__recipe", "created_by", "approved_by").get(
        pk=pk
    )


def _with_figures(rows: QuerySet[Recipe]) -> QuerySet[Recipe]:
    number = Concat(F("major"), Value("."), F("minor"), Value("."), F("patch"), output_field=CharField())
    newest = RecipeVersion.objects.filter(recipe=OuterRef("pk")).order_by(*NEWEST).annotate(text=number)
    approved = newest.filter(status=RecipeStatus.APPROVED)
    return rows.annotate(
        latest_number=Subquery(newest.values("text")[:1]),
        approved_number=Subquery(approved.values("text")[:1]),
        num_versions=_count(RecipeVersion.objects.filter(recipe=OuterRef("pk")), "recipe"),
        num_models=_count(ModelVersion.objects.filter(recipe_version__recipe=OuterRef("pk")), "recipe_version__recipe"),
        num_children=_count(Recipe.objects.filter(parent=OuterRef("pk"), deleted_at__isnull=True), "parent"),
    )


def _count(rows: QuerySet[Any], by: str) -> Subquery:
    return Subquery(rows.order_by().values(by).annotate(count=Count("pk")).values("count")[:1])
