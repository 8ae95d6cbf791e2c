"""JSON API of comparisons: the same figures and verdicts as the page."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from ninja import Field, Query, Router, Schema

from experiments.api import ERRORS, Envelope
from experiments.selectors.comparison import FEWEST, MOST, Asked, own_ids, select
from experiments.selectors.comparison_document import document
from experiments.selectors.comparison_gathered import gather
from experiments.selectors.marks import marks_of
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["comparison"])


class ComparedRun(Schema):
    id: uuid.UUID
    name: str
    status: str
    origin: str
    architecture: str
    dataset: uuid.UUID | None
    parameters: dict[str, Any]
    split: dict[str, Any]
    seed: int


class SeedsOut(Schema):
    """Mean and sample standard deviation over repeats that differ in nothing but their seed."""

    count: int
    mean: float
    deviation: float


class ValueOut(Schema):
    run: uuid.UUID
    value: float | None
    change: float | None = Field(description="From the reference run; null where it was not measured alike.")
    random: float | None
    popularity: float | None
    oracle: float | None
    everything: float | None
    users_counted: int
    users_left_out: int
    definition: str
    seeds: SeedsOut | None


class ComparedMetric(Schema):
    """One metric of all runs under one protocol; ``measured_alike`` are the groups whose figures may be compared."""

    protocol: str
    name: str
    higher_is_better: bool
    measured_alike: list[list[uuid.UUID]]
    values: list[ValueOut]


class RunValueOut(Schema):
    run: uuid.UUID
    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    users: int


class PairOut(Schema):
    """Two runs over the users that both have; ``difference`` is b's value minus a's."""

    a: uuid.UUID
    b: uuid.UUID
    value_a: float | None
    value_b: float | None
    difference: float | None
    low: float | None
    high: float | None
    p_value: float | None
    p_limit: float | None = Field(description="The largest p-value that the drawn swaps leave possible.")
    p_adjusted: float | None = Field(description="p_limit after Holm's correction for all pairs of the group.")
    users: int
    outcome: str = Field(description="a_better, b_better, no_difference_shown, not_enough_data or identical")
    better: uuid.UUID | None
    sentence: str


class Reason(Schema):
    run: uuid.UUID
    why: str


class VerdictGroup(Schema):
    """What can be said of runs that were measured alike. ``leader`` is the run in front, null where none is."""

    runs: list[uuid.UUID]
    headline: str
    leader: uuid.UUID | None
    values: list[RunValueOut]
    pairs: list[PairOut]
    without: list[Reason]
    confidence: float | None
    resamples: int | None
    swaps: int | None


class VerdictOut(Schema):
    metric: str
    groups: list[VerdictGroup]
    alone: list[Reason]


class DifferenceOut(Schema):
    """Something that differs: ``left`` is what remains comparable, none, figures or verdict."""

    kind: str
    runs: list[uuid.UUID]
    left: str
    protocol: str | None
    text: str


class RepeatsOut(Schema):
    run: uuid.UUID
    count: int
    runs: list[uuid.UUID]
    seeds: list[int]


class ComparisonOut(Schema):
    runs: list[ComparedRun]
    reference: uuid.UUID
    metrics: list[ComparedMetric]
    verdict: VerdictOut | None
    comparability: list[DifferenceOut]
    warnings: list[str]
    repeats: list[RepeatsOut]


class ComparisonAnswer(Envelope):
    data: ComparisonOut
    count: int = Field(description="How many runs are compared.")


class Compare(Schema):
    run_ids: list[str] = Field(
        description=f"{FEWEST} to {MOST} ids of runs, ours or MLflow's; the first is the reference.", max_length=100
    )
    metric: str = Field("", description="What to judge by, such as catalogue.ndcg_at_10; the headline metric if empty.")


class Comparison(Schema):
    experiment_ids: list[str] = Field(
        description=f"{FEWEST} to {MOST} ids, repeated or between commas.", max_length=100
    )
    metric: str = Field("", description="What to judge by, such as catalogue.ndcg_at_10; the headline metric if empty.")


@router.get("/metrics/comparison", response={200: ComparisonAnswer, **ERRORS}, summary="Compare runs")
@requires_api(Action.VIEW)
def comparison(request: WorkspaceRequest, asked: Query[Comparison]) -> Any:
    """Figures with their protocols, what may be compared, and the verdict of a paired bootstrap over users."""
    return _answer(request, "experiment_ids", asked.experiment_ids, asked.metric)


@router.post("/models/compare", response={200: ComparisonAnswer, **ERRORS}, summary="Compare any list of runs")
@requires_api(Action.VIEW)
def compare(request: WorkspaceRequest, asked: Compare) -> Any:
    """The same as `GET /api/metrics/comparison`, with the ids in the body. It changes nothing."""
    return _answer(request, "run_ids", asked.run_ids, asked.metric)


def _answer(request: WorkspaceRequest, field: str, given: list[str], metric: str) -> dict[str, Any]:
    """Raises Refused for what is no id, or too few or too many of them, and Http404 for runs that are not there."""
    asked = Asked.of(own_ids(request.workspace, given))
    if asked.refused:
        raise Refused([Problem(field, f"{word!r} is not an id; accepted: UUIDs of runs.") for word in asked.refused])
    if not FEWEST <= len(asked.ids) <= MOST:
        message = f"{len(asked.ids)} different runs are named; accepted: {FEWEST} to {MOST}."
        raise Refused([Problem(field, message)])
    baseline = marks_of(request.workspace, request.user).baseline
    selection = select(request.workspace, asked, (baseline,))
    if selection.missing or selection.deleted:
        raise Http404
    gathered = gather(request.workspace, selection)
    chosen = gathered.metric(metric)
    if metric and (chosen is None or chosen.key != metric):
        known = ", ".join(choice.key for choice in gathered.choices) or "none that two of these runs share"
        raise Refused([Problem("metric", f"{metric!r} cannot be compared user by user here; accepted: {known}.")])
    return {"data": document(gathered, chosen), "count": len(selection.runs)}
