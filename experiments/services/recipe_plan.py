"""What a recipe version says about a run: architecture, hyperparameters, seed, split and preparation."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from experiments.models import RecipeStatus, RecipeVersion
from experiments.recipes.manifest import EvaluationStage, FeaturePrep, Manifest, Validation
from experiments.services.spec import Problem, Refused, SplitChoice, problems_of
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Action, can

FIELD = "recipe_version"


@dataclass(frozen=True)
class RecipePlan:
    """A version and its effective manifest, as typed and as it is stored with the run."""

    version: RecipeVersion
    manifest: Manifest

    @property
    def name(self) -> str:
        """ "Grocery demand 1.2.0"."""
        return str(self.version)

    @property
    def validation(self) -> Validation:
        return self.manifest.pipeline.evaluation.validation

    def split(self, usual: SplitChoice) -> SplitChoice:
        """How the data is divided; ``usual`` is what suits the dataset and gives the method where it is ``auto``."""
        said = self.validation.model_dump()
        return SplitChoice.model_validate(said | ({"method": usual.method} if said["method"] == "auto" else {}))

    def preparation(self) -> dict[str, Any]:
        """What else decides the numbers, without what is as ever: {} for a recipe that says nothing of it."""
        pipeline = self.manifest.pipeline
        found = {
            "features": _changed(pipeline.feature_prep, FeaturePrep()),  # type: ignore[call-arg]
            "evaluation": _changed(pipeline.evaluation, EvaluationStage(), "list_lengths", "relevant_from"),  # type: ignore[call-arg]
        }
        return {name: values for name, values in found.items() if values}


def _changed(part: Any, usual: Any, *names: str) -> dict[str, Any]:
    values, defaults = part.model_dump(mode="json"), usual.model_dump(mode="json")
    return {name: values[name] for name in (names or values) if values[name] != defaults[name]}


def plan_of(workspace: Workspace, pk: uuid.UUID, actor: User | None) -> RecipePlan:
    """The version, if it may be launched from: an approved one, or a draft by somebody who may edit recipes.

    Raises Refused. A command without a person acts for whoever runs the server, and may.
    """
    version = RecipeVersion.objects.select_related("recipe").filter(pk=pk, recipe__workspace=workspace).first()
    if version is None or version.recipe.deleted_at is not None:
        raise Refused([Problem(FIELD, f"there is no recipe version {pk} in this workspace")])
    if why := why_not_launched(version, may_edit=actor is None or can(actor, workspace, Action.EDIT_RECIPE)):
        raise Refused([Problem(FIELD, why)])
    try:
        return RecipePlan(version, Manifest.model_validate(version.effective))
    except ValidationError as error:
        raise Refused(problems_of(error, "manifest.")) from error


def why_not_launched(version: RecipeVersion, *, may_edit: bool) -> str:
    """Why nothing can be launched from it, in words; empty where it can."""
    if version.recipe.status == RecipeStatus.ARCHIVED:
        return f"{version.recipe} is archived; restore it, or choose another recipe"
    if version.status == RecipeStatus.ARCHIVED:
        return f"{version} is archived; accepted: an approved version"
    if version.status != RecipeStatus.APPROVED and not may_edit:
        return f"{version} is a draft; accepted: an approved version, or somebody who may edit recipes"
    return ""
