"""The rows a lineage is made of: runs, model versions and deployments around one thing, a bounded number of each."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When

from experiments.models import (
    Dataset,
    Deployment,
    Experiment,
    ModelVersion,
    Recipe,
    RecipeVersion,
    RegisteredModel,
    Stage,
)
from mlopspro.accounts.models import Workspace

MOST = 10
"""Nodes of one kind that are drawn; of more their number is said."""
COUNTED = 1_000
"""Counting stops here."""
LEVELS_BELOW = 2
"""Recipes have three levels, so a version has children and their children."""

Start = Dataset | Recipe | RecipeVersion | Experiment | ModelVersion | RegisteredModel


@dataclass(frozen=True)
class Rows:
    """What was found around ``start``; ``totals`` are counts by kind, of at most COUNTED rows."""

    start: Start
    runs: list[Experiment] = field(default_factory=list)
    versions: list[ModelVersion] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    recipes: list[RecipeVersion] = field(default_factory=list)
    totals: dict[str, int] = field(default_factory=dict)

    @property
    def live(self) -> list[Deployment]:
        return [one for one in self.deployments if one.ended_at is None]


def rows_around(workspace: Workspace, start: Start) -> Rows:
    """Eight queries at most, however much hangs on it. Runs that made a version come before newer ones."""
    wanted = _around(start)
    recipes = _recipes_of(start)
    runs_of = Experiment.objects.filter(wanted.runs, workspace=workspace).distinct()
    alive = runs_of.filter(deleted_at__isnull=True)
    versions_of = ModelVersion.objects.filter(wanted.versions, model__workspace=workspace)
    versions = list(_shown(versions_of))
    made = {version.experiment_id for version in versions}
    runs = _with_all(Experiment.objects.filter(pk__in=made), MOST)
    runs += _with_all(alive.exclude(pk__in=made), max(1, MOST + 1 - len(runs)))
    runs = runs[:MOST]
    lived = Deployment.objects.filter(version__in=versions_of.values("pk"))
    deployments = list(
        lived.select_related("version", "model").order_by(F("ended_at").desc(nulls_first=True), "-started_at")[:MOST]
    )
    counted = alive.order_by()[:COUNTED].aggregate(
        run=Count("pk"),
        configuration=Count("config_hash", distinct=True),
        dataset=Count("dataset", distinct=True),
        recipe=Count("recipe_version", distinct=True),
    )
    totals = counted | {
        "version": versions_of.order_by()[:COUNTED].count(),
        "deployment": lived.order_by()[:COUNTED].count(),
    }
    return Rows(start, runs, versions, deployments, recipes, totals)


@dataclass(frozen=True)
class _Around:
    runs: Q
    versions: Q


def _around(start: Start) -> _Around:
    """Which runs and versions belong to it, as conditions."""
    if isinstance(start, Dataset):
        return _Around(Q(dataset=start), Q(dataset=start))
    if isinstance(start, (Recipe, RecipeVersion)):
        ids = _versions_below(start)
        return _Around(Q(recipe_version__in=ids), Q(recipe_version__in=ids))
    if isinstance(start, RegisteredModel):
        return _Around(Q(model_versions__model=start), Q(model=start))
    if isinstance(start, ModelVersion):
        return _Around(_run_and_its_evaluations(start.experiment_id), Q(pk=start.pk))
    trained = start.evaluates_id or start.pk
    return _Around(_run_and_its_evaluations(trained), Q(experiment=trained))


def _run_and_its_evaluations(pk: uuid.UUID) -> Q:
    return Q(pk=pk) | Q(evaluates=pk)


def _versions_below(start: Recipe | RecipeVersion) -> list[uuid.UUID]:
    """Ids of the recipe's versions and of all that inherit from them: one query a level."""
    own = Q(recipe=start) if isinstance(start, Recipe) else Q(pk=start.pk)
    found: list[uuid.UUID] = list(RecipeVersion.objects.filter(own).values_list("pk", flat=True)[:COUNTED])
    level: Iterable[uuid.UUID] = found
    for _ in range(LEVELS_BELOW):
        level = list(RecipeVersion.objects.filter(parent_version__in=level).values_list("pk", flat=True)[:COUNTED])
        found += level
        if not level:
            break
    return found


def _recipes_of(start: Start) -> list[RecipeVersion]:
    """The versions to show of a recipe that is the start, also where nothing was made by them; newest first."""
    if not isinstance(start, (Recipe, RecipeVersion)):
        return []
    ids = _versions_below(start)
    rows = RecipeVersion.objects.filter(pk__in=ids).select_related("recipe", "parent_version__recipe")
    return list(rows.defer(*_HEAVY_RECIPE, *_prefixed("parent_version__")).order_by("-created_at")[:MOST])


def _shown(rows: QuerySet[ModelVersion]) -> QuerySet[ModelVersion]:
    """What is in production first, then the newest."""
    place = Case(
        When(stage=Stage.PRODUCTION, then=Value(0)), When(stage=Stage.STAGING, then=Value(1)), default=Value(2)
    )
    return rows.select_related("model").defer("card", "metrics").order_by(place, "-created_at")[:MOST]


_HEAVY_RECIPE = ("manifest", "effective", "changes")
_HEAVY_RUN = ("manifest", "environment", "dataset_statistics", "metrics", "timings", "notes")


def _prefixed(*prefixes: str) -> list[str]:
    return [prefix + name for prefix in prefixes for name in _HEAVY_RECIPE]


def _with_all(rows: QuerySet[Experiment], most: int) -> list[Any]:
    """Runs with dataset and recipe lines, newest first, without what is large; ``declared``: the manifest's lineage."""
    rows = rows.select_related(
        "dataset", "recipe_version__recipe", "recipe_version__parent_version__recipe",
        "recipe_version__parent_version__parent_version__recipe",
    )  # fmt: skip
    heavy = _prefixed("recipe_version__", "recipe_version__parent_version__")
    heavy += _prefixed("recipe_version__parent_version__parent_version__")
    rows = rows.defer(*_HEAVY_RUN, "dataset__statistics", "dataset__findings", *heavy)
    return list(rows.annotate(declared=F("manifest__lineage")).order_by("-created_at", "id")[:most])


def beginnings(workspace: Workspace) -> list[tuple[str, str, list[tuple[uuid.UUID, str]]]]:
    """(parameter of the address, label, [(id, name)]) of what a person may begin from; three queries."""
    versions = ModelVersion.objects.filter(model__workspace=workspace)
    datasets = Dataset.objects.filter(workspace=workspace, deleted_at__isnull=True)
    recipes = Recipe.objects.filter(workspace=workspace, deleted_at__isnull=True)
    return [
        ("version", "Model versions", [(one.pk, f"{one.model} {one.number}") for one in _shown(versions)]),
        ("dataset", "Datasets", list(datasets.order_by("-created_at").values_list("pk", "name")[:MOST])),
        ("recipe", "Recipes", list(recipes.order_by("-updated_at").values_list("pk", "name")[:MOST])),
    ]
