"""Where a run comes from and what it is held against: recipe, evaluated run, data checks, thresholds, evaluations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from experiments.models import Experiment, MetricValue, RecipeStatus, RecipeVersion, RunType
from experiments.recipes.data_checks import DataCheck
from experiments.recipes.thresholds import ThresholdResult
from experiments.selectors.thresholds import thresholds_of
from experiments.services.checks import checks_of

KINDS = {
    RunType.EVAL: "An evaluation judges a trained model again; it fits nothing and cannot be registered.",
    RunType.BACKTEST: "A backtest judges the method over several origins in time; it keeps no model and cannot be "
    "registered. Its figures are means over folds, so no verdict pairs it with another run.",
}


@dataclass(frozen=True)
class RunOrigin:
    """``about``: what kind of run it is, empty for training. ``archived``: its recipe is not in use any more."""

    about: str
    recipe: RecipeVersion | None
    archived: bool
    evaluates: Experiment | None
    evaluations: list[Experiment]
    checks: list[DataCheck]
    thresholds: list[ThresholdResult]
    leakage: str

    @property
    def failed_checks(self) -> int:
        return sum(check.passed is False for check in self.checks)

    @property
    def failed_thresholds(self) -> int:
        return sum(one.passed is False for one in self.thresholds)


def origin_of(run: Experiment, values: Iterable[MetricValue]) -> RunOrigin:
    """One query, for evaluations of this run; ``values`` are its figures over everything."""
    version = run.recipe_version
    evaluations = (
        list(Experiment.objects.filter(evaluates=run, deleted_at__isnull=True).order_by("-created_at")[:20])
        if run.run_type == RunType.TRAIN and not run.is_logged
        else []
    )
    return RunOrigin(
        about=KINDS.get(RunType(run.run_type), ""),
        recipe=version,
        archived=version is not None and RecipeStatus.ARCHIVED in (version.status, version.recipe.status),
        evaluates=run.evaluates if run.evaluates_id else None,
        evaluations=evaluations,
        checks=checks_of(run),
        thresholds=thresholds_of(run, values),
        leakage=_leakage(run.dataset_statistics),
    )


def _leakage(said: dict[str, Any]) -> str:
    """What an evaluation left out, and what the model had never met, in a sentence."""
    if "learnt_left_out" not in said:
        return ""
    left_out = int(said["learnt_left_out"])
    words = f"{left_out:,} test rows were left out, as the model has learnt from them" if left_out else ""
    words = words or "The model has learnt from none of the test rows"
    if "cold_users" in said:
        words += (
            f"; {int(said['cold_users']):,} tested users and {int(said['cold_items']):,} tested items are new to it"
        )
    return f"{words}."
