"""A model in production whose users' taste has moved, and everything that carries a retraining on, in this process."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils import timezone

from experiments.learning.data.snapshot import read_snapshot
from experiments.models import DatasetImport, Experiment, ModelVersion, RegisteredModel
from experiments.services import importing, promotion
from experiments.tests.registered import judged_version, make_model, make_run, make_version
from experiments.tests.registry.conftest import scores
from experiments.tests.runs.carried import carried_out
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import Workspace
from monitoring.models import Source
from monitoring.services import windows
from monitoring.services.feedback import FeedbackRow, write_feedback
from monitoring.services.log_rows import LoggedPrediction, write_predictions
from monitoring.services.prediction_ids import new_id
from monitoring.services.sources import source_of
from retraining.models import Retraining
from retraining.services import driver, steps

PLAN: dict[str, Any] = {
    "data": {"minimum_new": 50},
    "canary": {"least_minutes": 0, "least_sample": 40},
    "guards": {"least_answers": 30},
}
"""Steps of 5, 25 and 100 % that last until 40 answers of each version have feedback, and no longer."""
TREND = 8
"""So many of the items that were liked least are what everybody wants now."""


@dataclass
class Scene:
    """``source``: the champion's answers in the log."""

    workspace: Workspace
    model: RegisteredModel
    base: ModelVersion
    source: Source

    @property
    def trend(self) -> list[str]:
        data = read_snapshot(self.base.dataset.path)
        seen = np.bincount(data.item, minlength=data.num_items)
        return [str(item) for item in data.item_ids[np.argsort(seen, kind="stable")[:TREND]]]

    @property
    def users(self) -> list[str]:
        return [str(user) for user in read_snapshot(self.base.dataset.path).user_ids]


def scene(workspace: Workspace, **sizes: int) -> Scene:
    """A popularity list in production, learnt from 60 users; no feedback yet."""
    sizes = {"users": 60, "items": 40, "interactions": 1_200} | sizes
    dataset = stored_dataset(workspace, "old ratings", **sizes)
    model = make_model(workspace, "films", headline="catalogue.ndcg_at_10")
    base = make_version(workspace, model, run=make_run(workspace, "popularity", dataset, name="first run"))
    promotion.promote(base, actor=None)
    base = ModelVersion.objects.select_related("model", "dataset", "experiment").get(pk=base.pk)
    return Scene(workspace, model, base, source_of(model=model, version=base, role=Source.As.CHAMPION))


def judged_scene(workspace: Workspace, better: float = 0.2) -> Scene:
    """Two versions with results user by user and no training; the second is better by so much, and not live."""
    model = make_model(workspace, "films")
    base = judged_version(workspace, scores(0.3), model)
    promotion.promote(base, actor=None)
    judged_version(workspace, scores(0.3 + better, seed=2), model)
    base = ModelVersion.objects.select_related("model", "dataset", "experiment").get(pk=base.pk)
    return Scene(workspace, model, base, source_of(model=model, version=base, role=Source.As.CHAMPION))


def at_gate(here: Scene, row: Retraining, besides: ModelVersion | None = None) -> Retraining:
    """Of a judged scene: as if the second version came of the retraining."""
    version = here.model.versions.exclude(pk__in=[one.pk for one in (here.base, besides) if one]).get()
    with steps.locked(row) as held:
        held.version, held.experiment, held.dataset, held.state = version, version.experiment, version.dataset, "gate"
        held.save()
        steps.begin(held, "gate", "is judged", at=timezone.now())
    return steps.fetched(row.pk)


Row = tuple[str, str, float, dt.datetime]


def react(scene: Scene, rows: Iterable[Row], kind: str = "rating", source: Source | None = None) -> None:
    """Feedback (user, item, value, time), each on an answer of its own a second before."""
    given = list(rows)
    answers = [
        LoggedPrediction(
            id=new_id(at - dt.timedelta(seconds=1)), at=at - dt.timedelta(seconds=1),
            source_id=(source or scene.source).pk, user=user, items=[item], scores=[1.0], latency_ms=2.0,
        )
        for user, item, _, at in given
    ]  # fmt: skip
    write_predictions(answers)
    write_feedback(
        [
            FeedbackRow(prediction_id=answer.id, kind=kind, item=item, value=value, at=at)
            for answer, (_, item, value, at) in zip(answers, given, strict=True)
        ],
        workspace=scene.workspace,
    )


def move_taste(scene: Scene, number: int = TREND) -> None:
    """Everybody rates ``number`` of the items of the trend 5, one after the other over the last hours."""
    begin = timezone.now() - dt.timedelta(hours=6)
    pairs = [(user, item) for item in scene.trend[:number] for user in scene.users]
    order = np.random.default_rng(3).permutation(len(pairs))
    react(scene, [(*pairs[at], 5.0, begin + dt.timedelta(seconds=30 * place)) for place, at in enumerate(order)])


def work() -> int:
    """Carries out what is queued, as workers do; returns how many jobs."""
    done = 0
    for job in DatasetImport.objects.filter(status="queued"):
        importing.carry_out_here(job)
        done += 1
    for run in Experiment.objects.filter(status="queued"):
        carried_out(run)
        done += 1
    return done


def serve(
    scene: Scene,
    row: Retraining,
    *,
    good: float = 0.5,
    champion: float = 0.5,
    n: int = 45,
    errors: int = 0,
    champion_users: int | None = None,
    at: dt.datetime | None = None,
    named: bool = True,
) -> None:
    """``n`` users of the canary and as many of the champion get an answer each and say what they think of it; shares of
    them are pleased. ``errors``: users of the canary whose request fails. ``at``: when they ask; left out, when the
    step of the canary began. Not ``named``: requests without a user."""
    step = row.steps.count()
    asked = at or row.steps.get(number=step).started_at
    now = asked + dt.timedelta(seconds=1)
    canary = source_of(model=scene.model, version=row.version, role=Source.As.CHALLENGER)
    theirs = n if champion_users is None else champion_users
    for who, source, share, users, failed in (
        ("canary", canary, good, n, errors),
        ("champion", scene.source, champion, theirs, 0),
    ):
        pleased = round(share * users)
        name = f"{who} {step} {{}}" if named else ""
        rows = [(name.format(k), f"i{k}", 5.0 if k < pleased else 1.0, now) for k in range(users)]
        react(scene, rows, source=source)
        write_predictions(
            [
                LoggedPrediction(
                    id=new_id(asked), at=asked, source_id=source.pk, user=name.format(f"fails {k}"),
                    error="broken", latency_ms=1.0,
                )
                for k in range(failed)
            ]
        )  # fmt: skip
    windows.refresh(20, busy_pause=0)


def drive(scene: Scene, row: Retraining, until: str = "", **serving: Any) -> Retraining:
    """Advance, work, serve, until it ends or is ``until``."""
    for _ in range(40):
        row = driver.advance(row)
        if row.state == until or row.ended_at is not None:
            return row
        if row.state == "canary":
            serve(scene, row, **serving)
        work()
    raise AssertionError(f"{row.state}: {row.sentence}")
