"""Whether a run can become a version of a model, with every reason why not."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.models import Experiment, JobStatus, ModelVersion, RecipeStatus, RegisteredModel, RunType
from experiments.recipes.numbers import Number, check_above, parse
from experiments.services.model_numbers import number_of
from experiments.services.spec import Problem, Refused


def problems_with(run: Experiment, model: RegisteredModel | None, number: str | None = None) -> list[Problem]:
    """What stands in the way; empty where the run can be registered. Without a model: what the run itself lacks."""
    found = [Problem("experiment", text) for text in _of_run(run)]
    if model is not None:
        found += [Problem("model", text) for text in _of_model(run, model)]
        found += _taken(run, model)
        if number and model.workspace_id == run.workspace_id:
            try:
                checked_number(model, number)
            except Refused as error:
                found += error.problems
    return found


def checked_number(model: RegisteredModel, text: str) -> Number:
    """The number as three whole numbers, above every one of the model. Raises Refused."""
    try:
        wanted = parse(text)
        check_above(wanted, [number_of(version) for version in model.versions.all()])
    except ValueError as error:
        raise Refused([Problem("number", str(error))]) from error
    return wanted


def _of_run(run: Experiment) -> Iterator[str]:
    if run.is_logged:
        yield f"{run.name} was logged to MLflow and not trained here; accepted: runs of this site"
        return
    if run.deleted_at is not None:
        yield f"{run.name} is deleted; bring it back first"
    if run.run_type != RunType.TRAIN:
        kind = RunType(run.run_type).label.lower()
        yield f"{run.name} is a run of the type {kind}; accepted: training runs, as they leave a model"
    if run.status != JobStatus.COMPLETED:
        yield f"{run.name} is {run.state.label.lower()}; accepted: completed runs"
    version = run.recipe_version
    if version is not None and version.status != RecipeStatus.APPROVED:
        state = RecipeStatus(version.status).label.lower()
        yield f"its recipe {version.recipe.name} {version.number} is {state}; accepted: runs of approved versions"


def _of_model(run: Experiment, model: RegisteredModel) -> Iterator[str]:
    if model.workspace_id != run.workspace_id:
        yield "there is no such model in this workspace"
        return
    if model.archived_at is not None:
        yield f"{model.name} is archived; restore it first, or choose another"
    if model.family != run.family:
        yield f"{model.name} is of the family {model.get_family_display().lower()}; the run is of {run.family}"
    if model.recipe_id is not None:
        version = run.recipe_version
        if version is None or version.recipe_id != model.recipe_id:
            came = f"came from {version.recipe.name}" if version is not None else "came from no recipe"
            yield f"{model.name} is built by the recipe {model.recipe}; this run {came}"


def _taken(run: Experiment, model: RegisteredModel) -> list[Problem]:
    version = ModelVersion.objects.filter(model=model, experiment=run).select_related("model").first()
    return [Problem("experiment", f"{run.name} is version {version.number} of {model.name} already")] if version else []
