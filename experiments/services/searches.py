"""Searches over hyperparameters: begun, driven on, stopped. What drives them on is in search_driver.py."""

from __future__ import annotations

from typing import Any

import structlog
from django.db import transaction

from experiments.jobs import queue
from experiments.jobs.kinds import SEARCHES
from experiments.learning.search.space import stored
from experiments.models import Experiment, JobStatus, Search
from experiments.models.job import ACTIVE, JobStateError
from experiments.services import launch
from experiments.services.search_request import SearchRequest, plan_search
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit

log = structlog.get_logger(__name__)


def create_search(*, workspace: Workspace, actor: User | None, request: SearchRequest, through: str) -> Search:
    """Begins a search; its first trials are launched by a worker within moments. Raises Refused with every problem."""
    found = plan_search(workspace, request, actor)
    with transaction.atomic():
        search = Search.objects.create(
            workspace=workspace,
            name=found.name,
            dataset=found.plan.dataset,
            architecture=found.plan.architecture.key,
            parameters=found.plan.parameters,
            space=stored(found.space),
            split=found.plan.split,
            seed=found.plan.seed,
            metric=found.measure.key,
            maximise=found.measure.maximise,
            sampler=request.sampler,
            pruner=found.pruner,
            trials=request.trials,
            parallel=min(request.parallel, request.trials),
            created_by=actor,
            created_through=through,
        )
        audit.record(action="start_search", actor=actor, workspace=workspace, obj=search, after=_audited(search))
        queue.ring_on_commit(SEARCHES)
    return search


def advance(search: Search) -> Search:
    """Tells Optuna what ended, launches what is due, and ends the search after its last trial. Repeatable at will."""
    from experiments.services import search_driver  # imports Optuna, which web processes never need

    return search_driver.advance(search)


def advance_all() -> int:
    """Drives every running search on; returns how many. What goes wrong with one holds up no other."""
    done = 0
    for search in Search.objects.filter(status=JobStatus.RUNNING).order_by("created_at"):
        try:
            advance(search)
            done += 1
        except Exception:  # logged and tried again by the next sweep; PostgreSQL may be away
            log.exception("search not advanced", search=str(search.pk))
    return done


def stop(search: Search, actor: User) -> Search:
    """Stops its trials and launches no more; what they had measured is kept. Raises JobStateError where it has ended.

    It ends as cancelled when the last of its trials has, which takes seconds.
    """
    with transaction.atomic():
        locked = Search.objects.select_for_update(of=("self",)).get(pk=search.pk)
        if locked.status != JobStatus.RUNNING:
            raise JobStateError(f"{locked.name} is {JobStatus(locked.status).label.lower()}; there is nothing to stop.")
        if not locked.reason:
            locked.reason = f"{actor} stopped it."
            locked.save(update_fields=["reason"])
            audit.record(action="stop_search", actor=actor, workspace=locked.workspace, obj=locked)
        queue.ring_on_commit(SEARCHES)
    for run in active_runs(locked):
        launch.stop(run, actor)
    return locked


def is_stopping(search: Search) -> bool:
    """A person has stopped it, and its last trials are ending."""
    return search.status == JobStatus.RUNNING and bool(search.reason)


def active_runs(search: Search) -> list[Experiment]:
    return list(Experiment.objects.filter(search=search, status__in=list(ACTIVE)))


def _audited(search: Search) -> dict[str, Any]:
    return {
        "architecture": search.architecture,
        "dataset": search.dataset.name,
        "metric": search.metric,
        "space": search.space,
        "trials": search.trials,
    }
