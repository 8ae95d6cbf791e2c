"""A model in production with versions that can be tried, and a log of its users as a test wants it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils import timezone

from experiments.models import Deployment, ModelVersion, RegisteredModel
from experiments.services import promotion
from experiments.tests.registered import judged_version, make_model
from experiments.tests.registry.conftest import scores
from mlopspro.accounts.models import Workspace
from monitoring.models import Source
from monitoring.services.feedback import FeedbackRow, write_feedback
from monitoring.services.log_rows import LoggedPrediction, write_predictions
from monitoring.services.prediction_ids import new_id
from monitoring.services.sources import source_of
from retraining.models import Trial
from retraining.services import trials

ITEMS = [f"i{place}" for place in range(10)]


@dataclass
class Stage:
    """``versions``: 1.0.0 is in production, the others in development, each with results but no training."""

    workspace: Workspace
    model: RegisteredModel
    versions: dict[str, ModelVersion]

    def source(self, number: str, role: str = "") -> Source:
        usual = Source.As.CHAMPION if number == "1.0.0" else Source.As.CHALLENGER
        return source_of(model=self.model, version=self.versions[number], role=role or usual)

    def document(self, **fields: Any) -> dict[str, Any]:
        values = {
            "name": "two lists",
            "variants": ["1.0.1"],
            "metric": "hit_rate_at_10",
            "planned_users": 1000,
            "days": 1,
        }
        return values | fields


def stage(workspace: Workspace, *better: float) -> Stage:
    """A version for each of ``better``, offline so much better than the champion (0.2 of one by default)."""
    model = make_model(workspace, "films")
    champion = judged_version(workspace, scores(0.3), model)
    promotion.promote(champion, actor=None)
    made = [champion]
    for seed, more in enumerate(better or (0.2,), 2):
        made.append(judged_version(workspace, scores(0.3 + more, seed=seed), model))
    rows = ModelVersion.objects.select_related("model__workspace", "dataset", "experiment")
    return Stage(workspace, model, {one.number: one for one in rows.filter(pk__in=[one.pk for one in made])})


def begun(here: Stage, hours: float = 6.0, **document: Any) -> Trial:
    """A trial that was started so many hours ago."""
    trial = trials.start(trials.draft(here.model, here.document(**document), actor=None), actor=None)
    return aged(trial, hours)


def aged(trial: Trial, hours: float = 6.0) -> Trial:
    """As if it had been started so many hours ago."""
    ago = timezone.now() - dt.timedelta(hours=hours)
    Deployment.objects.filter(model=trial.model, ended_at__isnull=True).update(started_at=ago)
    days = dt.timedelta(days=trial.plan["days"])
    Trial.objects.filter(pk=trial.pk).update(started_at=ago, planned_end=ago + days, next_reading_at=timezone.now())
    trial.refresh_from_db()
    return trial


def answer(source: Source, user: str, at: dt.datetime, **fields: Any) -> LoggedPrediction:
    values: dict[str, Any] = {"items": ITEMS, "scores": [1.0] * len(ITEMS), "latency_ms": 5.0}
    return LoggedPrediction(id=new_id(at), at=at, source_id=source.pk, user=user, **(values | fields))


def say(workspace: Workspace, given: Iterable[tuple[LoggedPrediction, Mapping[str, Any]]]) -> None:
    """Feedback on answers, a second after each unless ``later`` says otherwise."""
    rows = []
    for one, told in given:
        values: dict[str, Any] = {"kind": "click", "item": "i0", "value": 1.0, "label": ""} | dict(told)
        at = one.at + dt.timedelta(seconds=values.pop("later", 1))
        rows.append(FeedbackRow(prediction_id=one.id, at=at, **values))
    write_feedback(rows, workspace=workspace)


def flow(here: Stage, number: str, users: Iterable[str], pleased: float, *, hours: float = 5.0, seed: int = 0,
         role: str = "", slow: float = 0.0, failed: float = 0.0) -> None:  # fmt: skip
    """One list for each user over the last hours; a share ``pleased`` clicks the first item, the others skip it."""
    rng, people = np.random.default_rng(seed), list(users)
    begin, source = timezone.now() - dt.timedelta(hours=hours), here.source(number, role)
    at = [begin + dt.timedelta(hours=hours * place / (len(people) + 1)) for place in range(len(people))]
    bad = rng.random((2, len(people))) < [[slow], [failed]]
    answers = []
    for user, moment, late, broken in zip(people, at, *bad, strict=True):
        fields: dict[str, Any] = {"error": "broken", "items": None, "scores": None} if broken else {}
        answers.append(answer(source, user, moment, latency_ms=900.0 if late else 5.0, **fields))
    write_predictions(answers)
    liked = rng.random(len(people)) < pleased
    skipped = {"kind": "skip", "value": None}
    say(here.workspace, [(one, {} if yes else skipped) for one, yes in zip(answers, liked, strict=True) if one.items])
