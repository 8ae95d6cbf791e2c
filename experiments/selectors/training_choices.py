"""What the training page offers for what is chosen so far: data, recipe, kind of run, models to become a version of."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.learning import architectures
from experiments.learning.architectures import AnyArchitecture
from experiments.learning.families import Family
from experiments.models import Dataset, Experiment, RecipeStatus, RecipeVersion, RegisteredModel, RunType
from experiments.recipes.data_checks import DataCheck
from experiments.recipes.differences import leaves, path_of
from experiments.recipes.provenance import DEFAULT
from experiments.selectors import datasets as dataset_rows
from experiments.selectors import recipes
from experiments.selectors.settings_of import settings_of
from experiments.services import launch_fits, recipe_plan
from experiments.services.checks import checks_of_data
from mlopspro.accounts.models import Workspace
from mlopspro.accounts.permissions import Action

LOCKED = ("pipeline.training", "pipeline.feature_prep", "pipeline.evaluation")
"""Parts of a manifest that a run takes from it, in the order in which the page shows them."""
HIDDEN = ("pipeline.training.seed",)
"""Left to the person."""


@dataclass(frozen=True)
class Locked:
    """One value that cannot be changed here, and who says it."""

    label: str
    value: Any
    origin: str


@dataclass(frozen=True)
class Choice:
    """``recipe`` and ``evaluates`` lock what the run does; ``locked`` says to what."""

    datasets: list[Dataset]
    dataset: Dataset | None
    run_type: RunType = RunType.TRAIN
    recipe: RecipeVersion | None = None
    recipe_problem: str = ""
    evaluates: Experiment | None = None
    versions: list[RecipeVersion] = field(default_factory=list)
    models: list[RegisteredModel] = field(default_factory=list)
    locked: list[Locked] = field(default_factory=list)
    checks: list[DataCheck] = field(default_factory=list)
    """What the recipe asks of the chosen data, and whether it is so."""

    @property
    def family(self) -> Family:
        if self.dataset is None and self.recipe is not None:
            return Family(self.recipe.recipe.family)
        return Family(self.dataset.family) if self.dataset else Family.RECOMMENDATION

    @property
    def is_locked(self) -> bool:
        """Whether architecture, hyperparameters and split are said by something else than the form."""
        return self.recipe is not None or self.evaluates is not None

    @property
    def architectures(self) -> list[AnyArchitecture]:
        return list(architectures.ARCHITECTURES_OF[self.family].values())

    def architecture(self, key: str) -> AnyArchitecture:
        """The one named where it is of the family, else what the family takes where nobody says."""
        if self.evaluates is not None:
            key = self.evaluates.architecture
        elif self.recipe is not None:
            key = self.recipe.effective["pipeline"]["training"]["architecture"]
        known = architectures.ARCHITECTURES_OF[self.family]
        return known.get(key) or known[launch_fits.usual_architecture(self.family)]


def choice_of(
    workspace: Workspace, allowed: Mapping[str, bool], asked: Mapping[str, Any], *, clone: Experiment | None = None
) -> Choice:
    """What the address or the form asks for, as far as it fits together. Up to six queries.

    ``allowed``: which actions the person may take, by name.

    A recipe of another family than the chosen dataset's gives way to the dataset, unless no dataset was named.
    """
    kept = clone.dataset if clone and not clone.trained_on.deleted_at else None
    datasets = dataset_rows.choices(workspace, kept)
    run_type = RunType(asked["run_type"]) if asked.get("run_type") in RunType.values else RunType.TRAIN
    evaluates = _run(workspace, asked.get("evaluates")) if run_type == RunType.EVAL else None
    recipe = _version(workspace, asked.get("recipe")) if evaluates is None else None
    dataset = _dataset(datasets, str(asked.get("dataset") or ""), clone, evaluates, recipe)
    problem = ""
    if recipe is not None:
        problem = recipe_plan.why_not_launched(recipe, may_edit=allowed[Action.EDIT_RECIPE])
        if problem or (dataset is not None and dataset.family != recipe.recipe.family):
            recipe = None
    family = dataset.family if dataset else recipe.recipe.family if recipe else Family.RECOMMENDATION.value
    versions = _versions(workspace, family, recipe)
    return Choice(
        datasets=datasets,
        dataset=dataset,
        run_type=run_type,
        recipe=recipe,
        recipe_problem=problem,
        evaluates=evaluates,
        versions=versions,
        models=_models(workspace, family) if run_type == RunType.TRAIN and allowed[Action.REGISTER_MODEL] else [],
        locked=_of_run(evaluates) if evaluates else _of_recipe(recipe) if recipe else [],
        checks=checks_of_data(recipe.effective, dataset) if recipe and dataset else [],
    )


def _dataset(
    datasets: list[Dataset],
    asked: str,
    clone: Experiment | None,
    evaluates: Experiment | None,
    recipe: RecipeVersion | None,
) -> Dataset | None:
    """The one asked for; else that of the run to start from, or the newest that fits."""
    source = evaluates or clone
    wanted = asked or (str(source.dataset_id) if source else "")
    if wanted:
        return next((row for row in datasets if str(row.pk) == wanted), None)
    fitting = [row for row in datasets if recipe is None or row.family == recipe.recipe.family]
    return next(iter(fitting), None)


def _versions(workspace: Workspace, family: str, chosen: RecipeVersion | None) -> list[RecipeVersion]:
    """Approved versions of the family's recipes, the newest first in each; and the chosen one in any case."""
    rows = RecipeVersion.objects.filter(
        recipe__workspace=workspace,
        recipe__family=family,
        recipe__deleted_at__isnull=True,
        status=RecipeStatus.APPROVED,
    ).exclude(recipe__status=RecipeStatus.ARCHIVED)
    ordered = rows.select_related("recipe").order_by("recipe__name", "-major", "-minor", "-patch")
    found = list(ordered.defer("manifest", "effective", "changes")[:300])
    if chosen is not None and all(version.pk != chosen.pk for version in found):
        found.insert(0, chosen)
    return found


def _models(workspace: Workspace, family: str) -> list[RegisteredModel]:
    rows = RegisteredModel.objects.filter(workspace=workspace, family=family, archived_at__isnull=True)
    return list(rows.order_by("name")[:300])


def _version(workspace: Workspace, asked: Any) -> RecipeVersion | None:
    key = _uuid(asked)
    rows = RecipeVersion.objects.select_related("recipe", "parent_version__recipe")
    found = rows.filter(recipe__workspace=workspace, recipe__deleted_at__isnull=True)
    return found.filter(pk=key).first() if key else None


def _run(workspace: Workspace, asked: Any) -> Experiment | None:
    key = _uuid(asked)
    rows = Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True).select_related("dataset")
    return rows.filter(pk=key, run_type=RunType.TRAIN, dataset__isnull=False).first() if key else None


def _uuid(text: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def _of_recipe(version: RecipeVersion) -> list[Locked]:
    """What the manifest says of a run, and which level says it; what only the schema says is left out."""
    origins = recipes.origins_of(version)
    found = {path_of(parts): value for parts, value in leaves(version.effective).items()}
    return [
        Locked(path.removeprefix("pipeline."), _written(value), origins.get(path, DEFAULT))
        for part in LOCKED
        for path, value in found.items()
        if path.startswith(part)
        and path not in HIDDEN
        and value not in ({}, [], "")
        and (origins.get(path, DEFAULT) != DEFAULT or part == "pipeline.training")
    ]


def _written(value: Any) -> Any:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _of_run(run: Experiment) -> list[Locked]:
    rows = [Locked("Architecture", run.architecture, run.name)]
    return rows + [Locked(one.label, one.value, run.name) for one in settings_of(run)]
