"""JSON API of explanations of recommenders: the same figures as the tab "Explain". Tables: ``api_explain_tables``."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django.http import Http404
from ninja import Field, Router, Schema

from experiments.api import ERRORS, Envelope, Error
from experiments.learning.families import Family
from experiments.models import Experiment, JobStatus
from experiments.models.experiment import RunType
from experiments.selectors.explanations import explain_user
from experiments.services.explained_model import CannotExplain, explained_model
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["explanations"])


class PartOut(Schema):
    key: str
    kind: str = Field(description="collaborative, content or bias")
    label: str
    value: float


class NearOut(Schema):
    item_id: str
    title: str
    value: float


class ExplainedItemOut(Schema):
    item_id: str
    title: str
    rank: int | None = Field(description="From 1 among items the user has not seen; null for seen ones.")
    score: float = Field(description="Sum of the parts; a rating is not cut to the scale.")
    kinds: dict[str, float] = Field(description="Sums of the parts of each kind.")
    parts: list[PartOut]
    rating: list[PartOut] = Field(description="Parts of the predicted rating, where lists have a score of their own.")
    near: list[NearOut] = Field(description="Liked items behind it; see measure.")


class ImportanceOut(Schema):
    key: str
    kind: str
    label: str
    overall: float | None = Field(description="Share of the variance of scores over users and items.")
    within_users: float | None = Field(description="The same within each user's scores.")


class ExplanationOut(Schema):
    user_id: str
    learnt: int = Field(description="The user's interactions in the training part; 0: nothing was learnt.")
    liked: int
    measure: str = Field(description="What near.value is: contribution to the score, cosine of vectors, or none.")
    reference: str = Field(description="What the parts are measured against; empty where they need nothing.")
    scores_are_ratings: bool
    items: list[ExplainedItemOut]
    asked: ExplainedItemOut | None
    importance: list[ImportanceOut]


class ExplanationAnswer(Envelope):
    data: ExplanationOut


@router.get(
    "/experiments/{experiment_id}/explain",
    response={200: ExplanationAnswer, 409: Error, **ERRORS},
    summary="Why a trained recommender gives a user this list",
)
@requires_api(Action.VIEW)
def explain(
    request: WorkspaceRequest,
    experiment_id: uuid.UUID,
    user: str = "",
    item: str = "",
) -> Any:
    """The ten best unseen items of `user`, and `item` where one is given, both by their ids in the dataset; each score
    as parts that sum to it within 1e-5."""
    rows = Experiment.objects.filter(workspace=request.workspace, pk=experiment_id, deleted_at__isnull=True)
    run = rows.select_related("dataset").first()
    if run is None:
        raise Http404
    model = explained_model(_explainable(run))
    found = explain_user(model, user, item)
    facts = {"scores_are_ratings": model.scores_are_ratings, "importance": [asdict(part) for part in model.importance]}
    return {"data": asdict(found) | facts}


def _explainable(run: Experiment) -> Experiment:
    """Raises CannotExplain for runs that left no recommender."""
    if run.is_logged or run.run_type != RunType.TRAIN or Family(run.family).is_tabular:
        raise CannotExplain("Only training runs of recommenders made here are explained.")
    if run.status != JobStatus.COMPLETED:
        raise CannotExplain(f"The run is {run.status}; a completed one is explained.")
    return run
