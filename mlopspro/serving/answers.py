"""Answers of the models in production. What the API, the page and ``simulate_traffic`` call, in their own process.

    from mlopspro.serving.answers import recommend, predict

    found = recommend(workspace, "42", n=10)          # the one recommender that is live; model="Films" names one
    found.items[0].item, found.version, found.variant, found.prediction_id

    answers = predict(workspace, "Shops", [{"shop": "north", "day": "2026-11-22"}])
    answers.rows[0].value

Every answer is written to the prediction log by itself (``monitoring.services.spool``), also one that failed after a
model was found; nothing of that can slow or fail the answer. A call asks no database as a rule: what is live is known
in the process (``loaded``). Which version answers is decided for each user (``traffic``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils import timezone

from experiments.learning.families import Family
from mlopspro.accounts.models import Workspace
from mlopspro.serving import entries, shadows
from mlopspro.serving.list_answers import ListAnswer, answer_list, champion_of, recommender_of
from mlopspro.serving.lists import RankedItem, list_of
from mlopspro.serving.live import LiveModel, Variant
from mlopspro.serving.loaded import live
from mlopspro.serving.problems import CannotAnswer, NoModel, NotReady, Problem
from mlopspro.serving.rows import RowAnswer, answers_of
from mlopspro.serving.table_inputs import MOST_ROWS, Row
from mlopspro.serving.traffic import listens
from monitoring.services.prediction_ids import new_id

__all__ = ["CannotAnswer", "NoModel", "NotReady", "Prediction", "Recommendation", "choose", "predict", "recommend"]
DEFAULT_N = 10
MOST_N = 100
LONGEST_USER = 200


@dataclass(frozen=True)
class Recommendation:
    """``variant`` is the role of the version that answered: champion, challenger or interleaved. ``fallback``: a
    popularity list. ``interleaved_with``: number of the champion whose items are in the list as well; empty as a rule.

    ``known_user``: the version learnt from this user. ``stands_in_for``: number of the version that should have
    answered and could not be loaded. ``no_reasons``: why there are none although they were asked for.
    """

    prediction_id: uuid.UUID
    model: str
    model_id: uuid.UUID
    version: str
    version_id: uuid.UUID
    variant: str
    user: str
    known_user: bool
    fallback: bool
    items: tuple[RankedItem, ...]
    latency_ms: float
    stands_in_for: str = ""
    no_reasons: str = ""
    interleaved_with: str = ""


@dataclass(frozen=True)
class PredictedRow:
    """One row's answer, see ``rows.RowAnswer``, with who gave it."""

    prediction_id: uuid.UUID
    version: str
    variant: str
    answer: RowAnswer
    stands_in_for: str = ""


@dataclass(frozen=True)
class Prediction:
    """Rows in the order in which they were asked."""

    model: str
    model_id: uuid.UUID
    family: str
    rows: tuple[PredictedRow, ...]
    latency_ms: float


def recommend(
    workspace: Workspace, user_id: str, *, n: int = DEFAULT_N, model: str | None = None, explain: bool = False
) -> Recommendation:
    """The user's list of ``n`` items, seen ones left out; of an unknown user the most popular ones.

    ``model``: name or id; left out, the one recommender that is live. Raises NoModel where nothing answers to that,
    CannotAnswer for a wrong ``n``, ``user_id`` or a choice that is to be made, NotReady where a version is in
    production and cannot be loaded.
    """
    started, at = time.perf_counter(), timezone.now()
    _require(user_id, n)
    chosen = choose(workspace, model, tables=False)
    owner, prediction_id = _answering(chosen, user_id), new_id(at)
    try:
        answer = answer_list(chosen, owner, user_id, n, at=at, request=prediction_id, explain=explain)
    except Exception as error:
        entries.log_failure(champion_of(chosen, owner), user_id, error, at, _since(started))
        raise
    latency = _since(started)
    variant, found = answer.variant, answer.found
    entries.log_list(answer, user_id, prediction_id, at, latency)
    for shadow in chosen.shadows:
        if listens(chosen.id, user_id, shadow):
            shadows.ask(workspace, _shadow_list(shadow, user_id, n))
    return Recommendation(
        prediction_id=prediction_id,
        model=chosen.name,
        model_id=chosen.id,
        version=variant.version.number,
        version_id=variant.version.id,
        variant=variant.role,
        user=user_id,
        known_user=found.known,
        fallback=found.fallback,
        items=found.items,
        latency_ms=latency,
        stands_in_for=variant.stands_in_for,
        no_reasons=found.no_reasons,
        interleaved_with=answer.mixed_with,
    )


def predict(workspace: Workspace, model: str | None, rows: Sequence[Row]) -> Prediction:
    """One answer a row, 1 to 1,000 rows of {column: value}; all or none.

    Rows about the same unit (series, product, customer) are answered by the same version; rows that name none, by
    their content. Raises as :func:`recommend` does; problems name row, column, value and what is accepted.
    """
    started, at = time.perf_counter(), timezone.now()
    chosen = choose(workspace, model, tables=True)
    if not 1 <= len(rows) <= MOST_ROWS:
        raise CannotAnswer([Problem("rows", f"there are {len(rows)}; accepted: 1 to {MOST_ROWS:,}")])
    units = [_unit(chosen, row) for row in rows]
    of_variants: dict[uuid.UUID, tuple[Variant, list[int]]] = {}
    for place, unit in enumerate(units):
        variant = _answering(chosen, unit or _content(rows[place]))
        of_variants.setdefault(variant.version.id, (variant, []))[1].append(place)
    answers: dict[int, tuple[Variant, RowAnswer]] = {}
    for variant, places in of_variants.values():
        try:
            found = _answered(variant, rows, places)
        except Exception as error:
            entries.log_failure(variant, units[places[0]], error, at, _since(started))
            raise
        answers |= {place: (variant, one) for place, one in zip(places, found, strict=True)}
    latency = _since(started)
    made = []
    for place in range(len(rows)):
        variant, one = answers[place]
        logged = entries.log_row(variant, units[place], _asked(chosen, rows[place], one), one, at, latency)
        made.append(PredictedRow(logged, variant.version.number, variant.role, one, variant.stands_in_for))
    _tell_shadows(workspace, chosen, rows, units)
    return Prediction(chosen.name, chosen.id, chosen.family, tuple(made), latency)


def choose(workspace: Workspace, model: str | None, *, tables: bool | None = None) -> LiveModel:
    """The live model of this name or id; without one, the only live one of the kind (tables or recommenders).

    Raises NoModel, or CannotAnswer where several are live and none is named, which names them.
    """
    models = live(workspace)
    if model:
        found = models.get(model) or next((one for one in models.values() if str(one.id) == model), None)
        if found is None:
            names = ", ".join(sorted(models)) or "none"
            raise NoModel(f"No model {model[:200]!r} is in production here; in production: {names}.")
        if tables is not None and Family(found.family).is_tabular is not tables:
            way = "POST /api/predict/{model}" if not tables else "GET /api/recommend/{user_id}"
            raise CannotAnswer([Problem("model", f"{found.name} is of the family {found.family}; ask it with {way}")])
        return found
    fitting = [one for one in models.values() if tables is None or Family(one.family).is_tabular is tables]
    if not fitting:
        what = "model on tables" if tables else "recommender"
        raise NoModel(f"No {what} is in production. Promote a version of one; then it answers within two seconds.")
    if len(fitting) > 1:
        names = ", ".join(sorted(one.name for one in fitting))
        raise CannotAnswer([Problem("model", f"is missing, and several are in production; accepted: one of {names}")])
    return fitting[0]


def _require(user_id: str, n: int) -> None:
    problems = []
    if not 1 <= n <= MOST_N:
        problems.append(Problem("n", f"{n} is not accepted; 1 to {MOST_N} is"))
    if not 1 <= len(user_id) <= LONGEST_USER:
        problems.append(Problem("user_id", f"has {len(user_id)} characters; 1 to {LONGEST_USER} are accepted"))
    if "\x00" in user_id:
        problems.append(Problem("user_id", "holds a NUL character; any other text is accepted"))
    if problems:
        raise CannotAnswer(problems)


def _answering(model: LiveModel, user: str) -> Variant:
    if model.split is None:
        words = "; ".join(model.problems) or "its files could not be loaded"
        if model.preparing:
            raise NotReady(f"{model.name} is being prepared for serving; ask again in a few seconds.", soon=True)
        raise NotReady(f"{model.name} is in production and cannot answer: {words}", soon=False)
    return model.split.owner(user)


def _answered(variant: Variant, rows: Sequence[Row], places: Sequence[int]) -> list[RowAnswer]:
    table = variant.version.table
    if table is None:
        raise CannotAnswer([Problem("model", f"version {variant.version.number} does not answer rows")])
    try:
        return answers_of(table, [rows[place] for place in places])
    except CannotAnswer as error:
        raise CannotAnswer([_replaced(one, places) for one in error.problems]) from error


def _replaced(problem: Problem, places: Sequence[int]) -> Problem:
    """With the row's place in what was asked, where a version was given some of the rows."""
    head, _, rest = problem.field.removeprefix("rows[").partition("]")
    return Problem(f"rows[{places[int(head)]}]{rest}", problem.message) if head.isdigit() else problem


def _unit(model: LiveModel, row: Row) -> str:
    table = model.champion.version.table if model.champion is not None else None
    return table.inputs.unit_of(row)[:LONGEST_USER] if table is not None and isinstance(row, Mapping) else ""


def _content(row: Row) -> str:
    return hashlib.blake2b(json.dumps(row, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()


def _asked(model: LiveModel, row: Row, answer: RowAnswer) -> Row:
    """The row as it is logged: with the action that was chosen for it."""
    table = model.champion.version.table if model.champion is not None else None
    column = table.inputs.action if table is not None else ""
    return {**row, column: answer.action} if column and answer.action else row


def _shadow_list(shadow: Variant, user_id: str, n: int) -> shadows.Work:
    def work(at: dt.datetime) -> None:
        started = time.perf_counter()
        try:
            found = list_of(recommender_of(shadow), user_id, n)
        except Exception as error:
            entries.log_failure(shadow, user_id, error, at, _since(started))
            raise
        entries.log_list(ListAnswer(shadow, found), user_id, new_id(at), at, _since(started))

    return work


def _tell_shadows(workspace: Workspace, model: LiveModel, rows: Sequence[Row], units: Sequence[str]) -> None:
    for shadow in model.shadows:
        places = [place for place, unit in enumerate(units) if listens(model.id, unit or _content(rows[place]), shadow)]
        if places:
            shadows.ask(workspace, _shadow_rows(shadow, rows, units, places))


def _shadow_rows(shadow: Variant, rows: Sequence[Row], units: Sequence[str], places: Sequence[int]) -> shadows.Work:
    def work(at: dt.datetime) -> None:
        started = time.perf_counter()
        try:
            found = _answered(shadow, rows, places)
        except Exception as error:
            entries.log_failure(shadow, units[places[0]], error, at, _since(started))
            raise
        for place, one in zip(places, found, strict=True):
            entries.log_row(shadow, units[place], rows[place], one, at, _since(started))

    return work


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)
