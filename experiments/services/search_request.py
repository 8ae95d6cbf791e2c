"""What a search is asked for, in one typed form that page, API and command share; and everything wrong with it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from experiments.learning.search.measures import Measure, follows_the_curve, has_curve, measures_for
from experiments.learning.search.space import Space, SpaceProblem, read
from experiments.services import launch_plan
from experiments.services.labels import plain_text
from experiments.services.launch_plan import Plan
from experiments.services.spec import MAX_SEED, LaunchSpec, Problem, Refused, SplitChoice
from mlopspro.accounts.models import User, Workspace

Sampler = Literal["tpe", "random", "even"]
Pruner = Literal["median", "none"]
MOST_TRIALS, MOST_PARALLEL = 1000, 16


class SearchRequest(BaseModel):
    """A search over hyperparameters: what is tried on which data, how often, and by what it is judged.

    ``space`` says for each parameter that is searched {"low", "high", "log", "step"} or {"choices"}; the others stay
    as ``parameters`` say. Trials are judged on the validation part; the test part never decides.
    """

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=160, description="Left out: made from architecture and dataset.")
    dataset: uuid.UUID
    architecture: str = Field("", max_length=60, description="Left out: the family's first; hybrid for interactions.")
    parameters: dict[str, Any] = Field(default_factory=dict, description="What every trial has in common.")
    space: dict[str, Any] = Field(
        description="{parameter: {low, high, log, step} or {choices}}",
        examples=[{"learning_rate": {"low": 0.0001, "high": 0.1, "log": True}}],
    )
    split: SplitChoice | None = Field(None, description="Left out: what suits the dataset.")
    seed: int = Field(42, ge=0, le=MAX_SEED, description="Of what is drawn, and of every trial.")
    metric: str = Field("", max_length=120, description="protocol.name; left out: what the architecture learns.")
    sampler: Sampler = Field("tpe", description="tpe learns from past trials, even covers the space like a grid.")
    pruner: Pruner | None = Field(None, description="Left out: median where the curve tells of the metric.")
    trials: int = Field(20, ge=1, le=MOST_TRIALS)
    parallel: int = Field(2, ge=1, le=MOST_PARALLEL, description="Trials at a time.")

    @field_validator("name")
    @classmethod
    def no_control_characters(cls, value: str) -> str:
        return plain_text(value)


@dataclass(frozen=True)
class SearchPlan:
    """What a search will do, everything checked."""

    plan: Plan
    space: Space
    measure: Measure
    pruner: Pruner
    name: str


def plan_search(workspace: Workspace, request: SearchRequest, actor: User | None) -> SearchPlan:
    """Raises Refused with every problem found."""
    spec = LaunchSpec(
        dataset=request.dataset,
        architecture=request.architecture,
        parameters=request.parameters,
        split=request.split,
        seed=request.seed,
        trackers=[],
    )  # type: ignore[call-arg]
    plan = launch_plan.plan(workspace, spec, actor)
    space, wrong = read(plan.architecture.parameters, request.space)
    problems = [Problem(one.field, one.message) for one in wrong or _without_effect(plan, space)]
    measures = measures_for(plan.architecture, plan.dataset.feedback, plan.parameters)
    measure = next((one for one in measures if one.key == request.metric), None if request.metric else measures[0])
    if measure is None:
        accepted = ", ".join(one.key for one in measures)
        problems.append(Problem("metric", f"{request.metric!r} is not measured here; accepted: {accepted}"))
    problems += _of_pruner(plan, request, space)
    if problems or measure is None:
        raise Refused(problems)
    return SearchPlan(
        plan=plan,
        space=space,
        measure=measure,
        pruner=request.pruner or usual_pruner(plan, measure, space),
        name=request.name or f"Search over {plan.architecture.label} on {plan.dataset.name}"[:160],
    )


def usual_pruner(plan: Plan, measure: Measure, space: Space) -> Pruner:
    """Median where each epoch's validation loss is of the same kind as what the search judges by."""
    return "median" if follows_the_curve(plan.architecture, measure) and "objective" not in space else "none"


def _without_effect(plan: Plan, space: Space) -> list[SpaceProblem]:
    """Parameters that mean nothing beside the others, such as a weight of an objective that is not chosen."""
    found = []
    for name, dimension in space.items():
        middle = plan.parameters | {other: one.at(0.5) for other, one in space.items()}
        tried = [middle | {name: dimension.at(share)} for share in (0.0, 0.5, 0.999)]
        try:
            kept = [plan.architecture.validate(values).model_dump(mode="json") for values in tried]
        except ValueError:
            continue  # values that do not go together are single trials' matter
        if all(name not in one for one in kept):
            found.append(SpaceProblem(f"space.{name}", "it means nothing beside the other parameters; leave it out"))
    return found


def _of_pruner(plan: Plan, request: SearchRequest, space: Space) -> list[Problem]:
    if request.pruner != "median":
        return []
    if not has_curve(plan.architecture):
        return [Problem("pruner", f"{plan.architecture.label} has no validation curve to prune by; accepted: none")]
    if "objective" in space:
        return [Problem("pruner", "curves of different objectives cannot be held against each other; accepted: none")]
    return []
