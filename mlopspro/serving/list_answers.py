"""Which list a user gets: the owner's own, one whose last place is drawn, or one that two versions made together."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import structlog

from mlopspro.serving import exploration
from mlopspro.serving.interleaved import mixed_list, seed_of
from mlopspro.serving.lists import UserList, list_from, list_of, ranking_of
from mlopspro.serving.live import LiveModel, Variant
from mlopspro.serving.problems import CannotAnswer, Problem
from mlopspro.serving.versions import Recommender

log = structlog.get_logger(__name__)
_CHAMPION, _INTERLEAVED = "champion", "interleaved"


@dataclass(frozen=True)
class ListAnswer:
    """``variant``: whose answer it counts as. ``propensities``: chance of each item, where some were drawn.

    ``features``: what the log keeps beside the list. ``mixed_with``: number of the champion that took part.
    """

    variant: Variant
    found: UserList
    propensities: tuple[float, ...] | None = None
    features: dict[str, Any] | None = None
    mixed_with: str = ""


def answer_list(
    model: LiveModel,
    owner: Variant,
    user: str,
    n: int,
    *,
    at: dt.datetime,
    request: uuid.UUID,
    explain: bool = False,
) -> ListAnswer:
    """The list of a user whom ``owner`` answers (``model.split``). Raises what a model that cannot rank raises.

    Where the champion or the version it is interleaved with cannot answer, the champion answers alone.
    """
    if owner.role == _INTERLEAVED:
        mixed = _interleaved(model, owner, user, n, at, explain)
        if mixed is not None:
            return mixed
        owner = champion_of(model, owner)
    recommender = recommender_of(owner)
    if owner.role == _CHAMPION and model.exploration > 0:
        return _explored(recommender, owner, user, n, model.exploration, request, explain)
    return ListAnswer(owner, list_of(recommender, user, n, explain=explain))


def champion_of(model: LiveModel, owner: Variant) -> Variant:
    """Who answers, and fails, in the place of an interleaved version; else the owner."""
    return model.champion if owner.role == _INTERLEAVED and model.champion is not None else owner


def recommender_of(variant: Variant) -> Recommender:
    if variant.version.recommender is None:
        raise CannotAnswer([Problem("model", f"version {variant.version.number} is no recommender")])
    return variant.version.recommender


def _interleaved(
    model: LiveModel, owner: Variant, user: str, n: int, at: dt.datetime, explain: bool
) -> ListAnswer | None:
    """None where the version does not answer, or another stands in for the champion: who is preferred to whom would
    be a question about the wrong version."""
    champion = model.champion
    if champion is None or champion.stands_in_for:
        return None
    first, second = champion.version.recommender, owner.version.recommender
    if first is None or second is None:
        return None
    try:
        mixed = mixed_list(first, second, user, n, seed=seed_of(owner, user, at), explain=explain)
    except Exception as error:  # the champion answers alone, and fails with its own words where it is the cause
        log.warning("not interleaved", version=str(owner.version.id), error=f"{type(error).__name__}: {error}")
        return None
    number = champion.version.number
    told = {_INTERLEAVED: {"with": number, "teams": mixed.teams}}
    return ListAnswer(owner, mixed.found, features=told, mixed_with=number)


def _explored(
    model: Recommender, champion: Variant, user: str, n: int, share: float, request: uuid.UUID, explain: bool
) -> ListAnswer:
    ranking = ranking_of(model, user, exploration.depth(n, share))
    drawn = exploration.draw(len(ranking.codes), n, share, f"{user}:{request}")
    if drawn is None:
        return ListAnswer(champion, list_from(model, ranking, explain=explain))
    fixed = min(n, len(ranking.codes)) - 1
    shown = ranking.at([*range(fixed), drawn.place])
    return ListAnswer(
        champion, list_from(model, shown, explain=explain), propensities=(*[1.0] * fixed, drawn.propensity)
    )
