"""Drills: what never, weekly, every day and the policy would have brought on data whose course is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from experiments.jobs import attempt, lifecycle, queue
from experiments.jobs.context import JobContext, JobFailed
from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.metrics.settings import relevance_threshold
from experiments.models import Dataset, FailureKind, JobStatus
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit
from retraining.drill.ease import ease
from retraining.drill.real import stream_of
from retraining.drill.report import drill, usual
from retraining.drill.stream import Compose, Fit, Stream
from retraining.drill.synthetic import KINDS, World, synthetic
from retraining.models import Drill

LEAST_DAYS = 30
WARM_UP_SHARE = 3
"""A third of the days of real data warms up: the first version is trained on them."""
HALF_LIFE_DAYS = 14.0
REGULARIZATION = 300.0
"""Of EASE on real data; synthetic worlds are denser and take its default."""
MOST_SEED = 2**31 - 1
TITLES = {"never": "Never", "weekly": "Every week", "daily": "Every day", "ours": "This policy"}
COMPARED = ("never", "daily")
"""Always replayed: what a strategy recovers is measured between them."""
Told = Callable[[str, int, int], None]
"""Name of the strategy that begins, its place, and of how many."""


def ask(
    workspace: Workspace,
    *,
    kind: str = "",
    dataset: Dataset | None = None,
    seed: int = 0,
    strategies: Sequence[str] = (),
    actor: User | None = None,
) -> Drill:
    """Queues a drill for a worker: on a synthetic world that drifts as ``kind`` says, or on a dataset of interactions
    with timestamps, in order of time. Audited.

    ``strategies``: which are replayed beside *never* and *every day*; left out, all. Raises Refused (fields kind,
    dataset, seed, strategies).
    """
    problems = _problems(kind, dataset, seed, strategies)
    if problems:
        raise Refused(problems)
    replayed = [one.name for one in usual() if not strategies or one.name in (*COMPARED, *strategies)]
    parameters: dict[str, Any] = {"architecture": "ease", "strategies": replayed}
    if dataset is not None:
        _stream(dataset)
        parameters |= {"dataset": str(dataset.pk), "regularization": REGULARIZATION}
        name = dataset.name
    else:
        parameters |= {"kind": kind, "seed": seed, "half_life_days": HALF_LIFE_DAYS}
        name = f"{kind.replace('_', ' ').capitalize()}, seed {seed}"
    with transaction.atomic():
        made = Drill(
            workspace=workspace, name=name[:120], dataset=dataset, parameters=parameters, created_by=actor,
            status=JobStatus.DRAFT, max_attempts=settings.JOB_MAX_ATTEMPTS,
        )  # fmt: skip
        made.enqueue()
        made.save(force_insert=True)
        audit.record(action="start_drill", actor=actor, workspace=workspace, obj=made, after=parameters)
        queue.ring_on_commit(Drill.KIND)
    return made


def carry_out_here(row: Drill, told: Told | None = None) -> Drill:
    """Claims it and carries it out in this process; a worker that was faster has it then."""
    lease = lifecycle.claim(Drill.KIND, row.pk)
    if lease is not None:
        context = attempt.open_context(lease)
        if told is not None:
            context = _Telling(lease, context.job, told=told)
        attempt.carry_out(context, when_fenced=lambda: None)
    row.refresh_from_db()
    return row


@dataclass
class _Telling(JobContext):
    told: Told | None = None


def run_drill(context: JobContext) -> None:
    """The work of one attempt, from the start; an attempt that was lost leaves nothing behind."""
    row: Drill = context.job
    asked = row.parameters
    names: list[str] = asked["strategies"]
    began = timezone.now()

    def begins(name: str) -> None:
        def write(job: Drill) -> None:
            job.phase, job.phase_started_at = TITLES.get(name, name), began
            job.progress_done, job.progress_total = names.index(name), len(names)

        context.commit(write)
        if isinstance(context, _Telling) and context.told is not None:
            context.told(name, names.index(name) + 1, len(names))

    try:
        stream, warm_up, fit, compose = _world(row)
    except Refused as refused:
        raise JobFailed(str(refused), FailureKind.BAD_INPUT) from refused
    result = drill(
        stream,
        fit,
        warm_up,
        strategies=[one for one in usual() if one.name in names],
        compose=compose,
        drifts_known="kind" in asked,
        on_strategy=begins,
    )

    def write(job: Drill) -> None:
        job.result, job.phase, job.progress_done = result.to_json(), "", len(names)

    context.end(JobStatus.COMPLETED, also=write)


def _problems(kind: str, dataset: Dataset | None, seed: Any, strategies: Sequence[str]) -> list[Problem]:
    problems = []
    if dataset is None and kind not in KINDS:
        problems.append(Problem("kind", f"{kind!r} is not accepted; {', '.join(KINDS)} are"))
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MOST_SEED:
        problems.append(Problem("seed", f"{seed!r} is not accepted; a whole number from 0 to {MOST_SEED} is"))
    known = [one.name for one in usual()]
    unknown = [one for one in strategies if one not in known]
    if unknown:
        problems.append(Problem("strategies", f"{', '.join(unknown)} is not known; accepted: {', '.join(known)}"))
    return problems


def _world(row: Drill) -> tuple[Stream, int, Fit, Compose]:
    """(stream, days of warm-up, model, what each training is composed of)."""
    asked = row.parameters
    if "kind" in asked:
        world = World(seed=asked["seed"])
        return synthetic(asked["kind"], world), world.warm_up_days, ease(), Compose(asked["half_life_days"])
    if row.dataset is None:
        raise Refused([Problem("dataset", "was deleted; accepted: another one")])
    stream = _stream(row.dataset)
    return stream, stream.days // WARM_UP_SHARE, ease(asked["regularization"]), Compose(None)


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
