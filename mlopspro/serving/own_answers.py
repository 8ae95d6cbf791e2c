"""A version answers requests of its own newest data, for what its live traffic is compared with (monitoring's port).

The requests are those that ``simulate_traffic`` replays, the test part in its users' frequency, a sample of them; the
answers are made by the code that answers the world and have the columns of the log. Memory is that of reading the
dataset once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from experiments.learning.data.errors import DatasetError
from experiments.learning.families import Family
from experiments.learning.tabular.base import TableError
from experiments.models import ModelVersion
from experiments.services import serving_files
from mlopspro.serving.answers import DEFAULT_N
from mlopspro.serving.lists import list_of
from mlopspro.serving.problems import CannotAnswer
from mlopspro.serving.replay.plans import plan_of
from mlopspro.serving.replay.requests import ListRequest, RowRequest
from mlopspro.serving.rows import answers_of
from mlopspro.serving.table_inputs import TableInputs
from mlopspro.serving.versions import CannotLoad, NotPrepared, Recommender, ServedVersion, TablePredictor, load
from monitoring.services.own_answers import CannotAnswerOwn, OwnAnswers
from monitoring.stats.bins import Kind
from monitoring.summaries.reference_profile import Training

ROWS_AT_ONCE = 500
Answered = tuple[int, dict[str, Any]]


def own_answers(version: ModelVersion, most: int, seed: int, seconds: float) -> OwnAnswers:
    """Of at most ``most`` requests, for about ``seconds``; raises CannotAnswerOwn."""
    until = time.monotonic() + seconds
    try:
        loaded = served(version)
        plan = plan_of(version)
        order = np.random.default_rng(seed).permutation(len(plan))[:most].tolist()
        if loaded.recommender is not None:
            users = [plan.request(number) for number in order]
            asked = [(at, one) for at, one in zip(order, users, strict=True) if isinstance(one, ListRequest)]
            answered = _lists(loaded.recommender, asked)
        else:
            rows = ((number, plan.request(number)) for number in order)
            answered = _rows(_table_of(loaded), [(at, one) for at, one in rows if isinstance(one, RowRequest)])
        found = sorted(_until(answered, until), key=lambda one: one[0])
    except (CannotLoad, DatasetError, TableError, serving_files.CannotPrepare, ValueError, OSError) as error:
        raise CannotAnswerOwn(str(error)) from error
    return OwnAnswers([row for _, row in found], len(plan), _training(loaded.recommender), _features(loaded.table))


def served(version: ModelVersion) -> ServedVersion:
    """Loaded, and prepared first where nobody did. Raises CannotLoad, serving_files.CannotPrepare."""
    try:
        return load(version)
    except NotPrepared:
        serving_files.prepare(version)
        return load(ModelVersion.objects.select_related("model", "experiment", "dataset").get(pk=version.pk))


def _table_of(served: ServedVersion) -> TablePredictor:
    if served.table is None:
        raise CannotLoad("It answers neither users nor rows.")
    return served.table


def _lists(model: Recommender, asked: Sequence[tuple[int, ListRequest]]) -> Iterator[Answered]:
    """A user's list is made once, however often the user asks."""
    made: dict[str, dict[str, Any]] = {}
    for number, request in asked:
        if request.user not in made:
            found = list_of(model, request.user, DEFAULT_N)
            made[request.user] = {
                "user": request.user,
                "history": found.history,
                "fallback": found.fallback,
                "items": [one.item for one in found.items],
                "scores": [one.score for one in found.items],
                "confidence": found.confidence,
            }
        yield number, made[request.user]


def _rows(model: TablePredictor, asked: Sequence[tuple[int, RowRequest]]) -> Iterator[Answered]:
    """Rows that the model cannot work with are left out: live they fail, and are counted as failures."""
    for start in range(0, len(asked), ROWS_AT_ONCE):
        part = asked[start : start + ROWS_AT_ONCE]
        try:
            found = answers_of(model, [dict(one.features) for _, one in part])
        except CannotAnswer:
            found, part = [], [one for one in part if _answerable(model, one[1])]
            found = answers_of(model, [dict(one.features) for _, one in part]) if part else []
        for (number, request), one in zip(part, found, strict=True):
            features = dict(request.features)
            if model.inputs.action and one.action:
                features[model.inputs.action] = one.action
            yield (
                number,
                {
                    "user": request.user,
                    "value": one.value,
                    "label": one.label,
                    "confidence": one.confidence,
                    "features": features,
                },
            )


def _answerable(model: TablePredictor, request: RowRequest) -> bool:
    try:
        answers_of(model, [dict(request.features)])
    except CannotAnswer:
        return False
    return True


def _until(answered: Iterator[Answered], until: float) -> Iterator[Answered]:
    for one in answered:
        yield one
        if time.monotonic() >= until:
            return


def _training(model: Recommender | None) -> Training | None:
    """Items that somebody had in the training part."""
    if model is None:
        return None
    catalogue = model.catalogue
    known = int((catalogue.popular_users > 0).sum())
    codes = catalogue.popular[:known].tolist()
    return Training.of([str(catalogue.item_ids[code]) for code in codes], catalogue.popular_users[:known].tolist())


def _features(model: TablePredictor | None) -> dict[str, Kind]:
    """What is asked with, but for times and for whose row it is: those are new in any stretch."""
    if model is None:
        return {}
    return {name: "numeric" if numeric else "categorical" for name, numeric in _compared(model.inputs)}


def _compared(inputs: TableInputs) -> Iterator[tuple[str, bool]]:
    for column in inputs.columns:
        if column.kind != "time" and not (inputs.family is Family.NEXT_BEST_ACTION and column.name in inputs.unit):
            yield column.name, column.kind == "number"
