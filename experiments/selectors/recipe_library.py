"""The library of recipes as its page shows it: rows with what was made from them, or as trees of inheritance."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Count, QuerySet

from experiments.learning.families import ABOUT, Family
from experiments.models import Experiment, Level, Recipe, RecipeStatus, RegisteredModel
from experiments.selectors.recipes import ALL, listed
from mlopspro.accounts.models import Workspace

MOST_IN_TREE = 500


@dataclass(frozen=True)
class LibraryRow:
    """A recipe of ``recipes.listed``, with its runs and, in a tree, its place."""

    recipe: Any
    models: int
    runs: int
    depth: int = 0
    """Levels below the baseline that stands above it."""
    matches: bool = True
    """False: only shown because something below it was asked for."""

    @property
    def family(self) -> str:
        return ABOUT[Family(self.recipe.family)].label

    @property
    def icon(self) -> str:
        return ABOUT[Family(self.recipe.family)].icon


@dataclass(frozen=True)
class FamilyTree:
    label: str
    icon: str
    rows: list[LibraryRow]


def rows_of(recipes: Sequence[Recipe]) -> list[LibraryRow]:
    """Two queries, however many recipes."""
    models = RegisteredModel.objects.filter(recipe__in=recipes, archived_at__isnull=True).order_by()
    runs = Experiment.objects.filter(recipe_version__recipe__in=recipes, deleted_at__isnull=True).order_by()
    of_models = dict(models.values_list("recipe").annotate(count=Count("pk")))
    of_runs = dict(runs.values_list("recipe_version__recipe").annotate(count=Count("pk")))
    return [LibraryRow(one, of_models.get(one.pk, 0), of_runs.get(one.pk, 0)) for one in recipes]


def trees_of(workspace: Workspace, matching: QuerySet[Recipe]) -> list[FamilyTree]:
    """The recipes asked for and those they inherit from, each below its parent, one tree a family: five queries."""
    asked = set(matching.values_list("pk", flat=True)[:MOST_IN_TREE])
    above = dict(
        Recipe.objects.filter(workspace=workspace, deleted_at__isnull=True).values_list("pk", "parent_id").order_by()
    )
    shown = {one for pk in asked for one in _upwards(pk, above)}
    recipes = list(listed(workspace, status=ALL).filter(pk__in=shown))
    rows = {row.recipe.pk: row for row in rows_of(recipes)}
    children: dict[uuid.UUID | None, list[Recipe]] = {}
    for one in sorted(recipes, key=lambda one: (Level(one.level).rank, one.name.lower())):
        children.setdefault(one.parent_id if one.parent_id in rows else None, []).append(one)
    trees: dict[Family, list[LibraryRow]] = {family: [] for family in Family}
    for root in children.get(None, []):
        trees[Family(root.family)] += [
            replace(rows[one.pk], depth=depth, matches=one.pk in asked) for one, depth in _downwards(root, children, 0)
        ]
    return [FamilyTree(ABOUT[family].label, ABOUT[family].icon, found) for family, found in trees.items() if found]


def parents_for(workspace: Workspace) -> list[Recipe]:
    """Recipes that another may inherit from, by family, the general before the particular: one query."""
    rows = Recipe.objects.filter(workspace=workspace, deleted_at__isnull=True).exclude(status=RecipeStatus.ARCHIVED)
    found = list(rows.exclude(level=Level.CLIENT).select_related("parent"))
    return sorted(found, key=lambda one: (one.family, Level(one.level).rank, one.name.lower()))


def _upwards(pk: uuid.UUID, above: Mapping[uuid.UUID, uuid.UUID | None]) -> Iterable[uuid.UUID]:
    here: uuid.UUID | None = pk
    seen: set[uuid.UUID] = set()
    while here is not None and here in above and here not in seen:
        seen.add(here)
        yield here
        here = above[here]


def _downwards(
    root: Recipe, children: dict[uuid.UUID | None, list[Recipe]], depth: int
) -> Iterable[tuple[Recipe, int]]:
    yield root, depth
    for child in children.get(root.pk, []):
        yield from _downwards(child, children, depth + 1)
