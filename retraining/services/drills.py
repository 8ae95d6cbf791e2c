"""Drills: what never, weekly, every day and the policy would have brought on data whose course is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from django.utils import timezone

from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.metrics.settings import relevance_threshold
from experiments.models import Dataset
from experiments.models.job import JobStatus
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User, Workspace
from retraining.drill.ease import ease
from retraining.drill.real import stream_of
from retraining.drill.report import drill, usual
from retraining.drill.stream import Compose, Stream
from retraining.drill.synthetic import KINDS, World, synthetic
from retraining.models import Drill

LEAST_DAYS = 30
WARM_UP_SHARE = 3
"""A third of the days of real data warms up: the first version is trained on them."""
HALF_LIFE_DAYS = 14.0
REGULARIZATION = 300.0
"""Of EASE on real data; synthetic worlds are denser and take its default."""
Told = Callable[[str, int, int], None]
"""Name of the strategy that begins, its place, and of how many."""


def run_synthetic(
    workspace: Workspace, kind: str, *, seed: int = 0, actor: User | None = None, told: Told | None = None
) -> Drill:
    """On a synthetic world that drifts as ``kind`` says, or not at all. Raises Refused."""
    if kind not in KINDS:
        raise Refused([Problem("kind", f"{kind!r} is not accepted; {', '.join(KINDS)} are")])
    world = World(seed=seed)
    stream = synthetic(kind, world)  # type: ignore[arg-type]
    parameters = {"kind": kind, "seed": seed, "architecture": "ease", "half_life_days": HALF_LIFE_DAYS}
    row = _begun(workspace, f"{kind.replace('_', ' ').capitalize()}, seed {seed}", None, parameters, actor)
    return _run(row, stream, world.warm_up_days, told, half_life=HALF_LIFE_DAYS, regularization=None, known=True)


def run_dataset(dataset: Dataset, *, actor: User | None = None, told: Told | None = None) -> Drill:
    """On a dataset of interactions with timestamps, in order of time. Raises Refused."""
    stream = _stream(dataset)
    parameters = {"dataset": str(dataset.pk), "architecture": "ease", "regularization": REGULARIZATION}
    row = _begun(dataset.workspace, dataset.name, dataset, parameters, actor)
    warm_up = stream.days // WARM_UP_SHARE
    return _run(row, stream, warm_up, told, half_life=None, regularization=REGULARIZATION, known=False)


def _stream(dataset: Dataset) -> Stream:
    if dataset.is_table:
        raise Refused([Problem("dataset", f"{dataset.name} is a table; accepted: interactions of users with items")])
    data = read_snapshot(dataset.path)
    if data.timestamp is None:
        raise Refused([Problem("dataset", f"{dataset.name} has no timestamps; accepted: data with timestamps")])
    liked = np.ones(len(data), np.bool_)
    if data.scale is not None:
        liked = data.value >= relevance_threshold(None, data.scale)
    stream = stream_of(dataset.name, data.user, data.item, data.timestamp, liked)
    if stream.days < LEAST_DAYS:
        raise Refused([Problem("dataset", f"{dataset.name} spans {stream.days} days; accepted: {LEAST_DAYS} or more")])
    return stream


def _begun(
    workspace: Workspace, name: str, dataset: Dataset | None, parameters: dict[str, Any], actor: User | None
) -> Drill:
    return Drill.objects.create(
        workspace=workspace,
        name=name[:120],
        dataset=dataset,
        parameters=parameters,
        created_by=actor,
        status=JobStatus.RUNNING,
        started_at=timezone.now(),
        progress_total=len(usual()),
    )


def _run(
    row: Drill,
    stream: Stream,
    warm_up: int,
    told: Told | None,
    *,
    half_life: float | None,
    regularization: float | None,
    known: bool,
) -> Drill:
    names = [one.name for one in usual()]

    def begins(name: str) -> None:
        row.phase, row.progress_done = name, names.index(name)
        row.phase_started_at = timezone.now()
        row.save(update_fields=["phase", "progress_done", "phase_started_at"])
        if told is not None:
            told(name, row.progress_done + 1, len(names))

    try:
        result = drill(
            stream,
            ease() if regularization is None else ease(regularization),
            warm_up,
            compose=Compose(half_life),
            drifts_known=known,
            on_strategy=begins,
        )
    except BaseException as error:
        _ended(row, JobStatus.FAILED, reason=f"{type(error).__name__}: {error}"[:500])
        raise
    row.result = result.to_json()
    _ended(row, JobStatus.COMPLETED)
    return row


def _ended(row: Drill, status: JobStatus, reason: str = "") -> None:
    row.status, row.finished_at, row.failure_reason = status, timezone.now(), reason
    row.phase, row.progress_done = "", row.progress_total if status == JobStatus.COMPLETED else row.progress_done
    row.save()
