"""The training run whose model an evaluation judges again."""

from __future__ import annotations

from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles
from experiments.learning.tabular.splits import methods_for
from experiments.models import Dataset, Experiment, JobStatus, RunType
from experiments.services.spec import LaunchSpec, Problem, Refused, SplitChoice
from mlopspro.accounts.models import Workspace

FIELD = "evaluates"


def find(workspace: Workspace, spec: LaunchSpec) -> Experiment | None:
    """None where no evaluation is asked for. Raises Refused where the run's model cannot be judged."""
    if spec.run_type != "eval":
        if spec.evaluates is not None:
            raise Refused([Problem(FIELD, f"only of evaluations; the run type is {spec.run_type}")])
        return None
    if spec.evaluates is None:
        raise Refused([Problem(FIELD, "an evaluation needs the training run whose model it judges")])
    rows = Experiment.objects.select_related("dataset", "recipe_version__recipe")
    found = rows.filter(workspace=workspace, pk=spec.evaluates, deleted_at__isnull=True).first()
    if found is None:
        raise Refused([Problem(FIELD, f"there is no run {spec.evaluates} in this workspace")])
    if why := why_not(found):
        raise Refused([Problem(FIELD, why)])
    return found


def why_not(run: Experiment) -> str:
    """Why a run's model cannot be judged again; empty where it can."""
    if run.is_logged:
        return f"{run.name} was logged to MLflow; only models trained here can be evaluated"
    if run.run_type != RunType.TRAIN:
        return f"{run.name} is of the type {RunType(run.run_type).label.lower()} and keeps no model; accepted: training"
    if run.status != JobStatus.COMPLETED:
        return f"{run.name} is {run.status_label.lower()}; accepted: a completed training run"
    return ""


def why_not_on(run: Experiment, dataset: Dataset) -> str:
    """Why its model cannot be judged on this data; empty where it can."""
    ours, theirs = run.trained_on.scale, dataset.scale
    if not dataset.is_table and ours and theirs and ours != theirs:
        return (
            f"{run.name} learnt ratings from {ours[0]:g} to {ours[1]:g}; those of {dataset.name} go from "
            f"{theirs[0]:g} to {theirs[1]:g}"
        )
    return ""


def split_like(run: Experiment, dataset: Dataset, usual: SplitChoice) -> SplitChoice:
    """The run's own split where the dataset allows it, so that the same test rows are judged; else ``usual``."""
    own = SplitChoice.model_validate(run.split)
    return own if own.method in _methods(dataset) else usual


def _methods(dataset: Dataset) -> set[str]:
    if dataset.is_table:
        return set(methods_for(Family(dataset.family), Roles.model_validate(dataset.roles or {})))
    found = {"random"}
    if dataset.has_timestamps:
        found |= {"time", "leave_last_out"}
    return found | ({"given"} if dataset.has_given_split else set())
