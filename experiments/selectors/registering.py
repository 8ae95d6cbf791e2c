"""What a page needs to register a run: which models it can join, which number it would get, and why not."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from experiments.models import (
    Experiment,
    JobStatus,
    ModelVersion,
    Origin,
    Recipe,
    RecipeStatus,
    RegisteredModel,
    RunType,
)
from experiments.recipes.numbers import Number, proposals
from experiments.services.model_numbers import Proposal, latest_version, number_of, propose
from experiments.services.registrable import problems_with
from mlopspro.accounts.models import Workspace

OFFERED = 100
RECENT = 25
WORDS = {
    "patch": "the same model, trained anew",
    "minor": "configured or fed otherwise",
    "major": "another kind of model",
}


@dataclass(frozen=True)
class Parts:
    """The three numbers that may come next in a model that has versions, and the one that is proposed."""

    proposal: Proposal
    numbers: dict[str, Number]

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(part, f"{number}, {part}: {WORDS[part]}") for part, number in self.numbers.items()]

    def number_of(self, part: str) -> str:
        """The number of a part; of what is no part, the proposed one."""
        return str(self.numbers.get(part, self.proposal.number))


def models_for(run: Experiment) -> list[RegisteredModel]:
    """Models of the run's family and workspace, those of its recipe first: one query."""
    rows = RegisteredModel.objects.filter(workspace=run.workspace_id, family=run.family, archived_at__isnull=True)
    found = list(rows.select_related("recipe", "workspace").order_by("-updated_at")[:OFFERED])
    recipe = run.recipe_version.recipe_id if run.recipe_version else None
    return sorted(
        found, key=lambda model: (model.recipe_id is None or model.recipe_id != recipe, model.recipe_id is not None)
    )


def parts_of(model: RegisteredModel, run: Experiment) -> Parts | None:
    """None for a model without versions, whose first number is fixed. Three queries."""
    latest = latest_version(model)
    if latest is None:
        return None
    return Parts(propose(model, run), proposals(number_of(latest)))


def why_not(run: Experiment, model: RegisteredModel | None = None) -> list[str]:
    """Sentences why this run cannot be registered (in this model); empty where it can."""
    return [f"{problem.message[:1].upper()}{problem.message[1:].rstrip('.')}." for problem in problems_with(run, model)]


def versions_of(run: Experiment) -> list[ModelVersion]:
    """Versions that were made of a run: one query."""
    rows = ModelVersion.objects.filter(experiment=run).select_related("model")
    return list(rows.order_by("-created_at"))


def candidates(workspace: Workspace, model: RegisteredModel | None = None) -> list[Experiment]:
    """Completed training runs that are not registered yet (in ``model``), the newest first: one query."""
    made = ModelVersion.objects.filter(experiment=OuterRef("pk"))
    rows = Experiment.objects.filter(
        workspace=workspace, status=JobStatus.COMPLETED, run_type=RunType.TRAIN, origin=Origin.HERE,
        deleted_at__isnull=True,
    )  # fmt: skip
    if model is not None:
        rows, made = rows.filter(family=model.family), made.filter(model=model)
        if model.recipe_id:
            rows = rows.filter(recipe_version__recipe=model.recipe_id)
    rows = rows.filter(~Exists(made)).select_related("dataset", "created_by", "recipe_version__recipe")
    return list(rows.defer("manifest", "environment").order_by("-created_at", "id")[:RECENT])


def recipes_for_models(workspace: Workspace) -> list[Recipe]:
    """Approved recipes a model can be bound to: one query."""
    rows = Recipe.objects.filter(workspace=workspace, status=RecipeStatus.APPROVED, deleted_at__isnull=True)
    return list(rows.order_by("name")[:OFFERED])
