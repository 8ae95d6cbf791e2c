"""Runs, imports, retrainings, trials, searches and drills as home sees them: what is in work, and what just failed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from experiments.models import DatasetImport, Experiment, JobStatus, Search
from experiments.models.job import ACTIVE
from experiments.selectors import datasets as dataset_rows
from mlopspro.accounts.models import Workspace
from retraining.models import OPEN, Drill, Retraining, Trial, TrialReading

RECENT = dt.timedelta(days=7)
"""What failed longer ago is history, not something to act on now."""
SHOWN = 8
_HEAVY = ("environment", "dataset_statistics", "manifest", "notes", "preparation")


@dataclass(frozen=True)
class Work:
    """Rows of one workspace at one moment. ``retrainings`` are the open ones, and those whose failure is the last
    that is known of their model."""

    runs: list[Experiment]
    imports: list[DatasetImport]
    searches: list[Search]
    retrainings: list[Retraining]
    trials: list[Trial]
    drills: list[Drill]

    @cached_property
    def active_runs(self) -> list[Experiment]:
        """Those that are running, then those that wait, the longest waiting first."""
        found = [run for run in self.runs if run.is_active and run.is_worked_off]
        return sorted(found, key=lambda run: (run.status != JobStatus.RUNNING, run.queued_at or run.created_at))

    @cached_property
    def lone_runs(self) -> list[Experiment]:
        """Active ones that are not shown with their search or their retraining."""
        return [run for run in self.active_runs if run.search_id is None and run.created_through != "retraining"]

    @cached_property
    def failed_runs(self) -> list[Experiment]:
        return [run for run in self.runs if getattr(run, "asks", False)]

    @cached_property
    def last_runs(self) -> list[Experiment]:
        """Those that ended last."""
        ended = [run for run in self.runs if not run.is_active]
        return sorted(ended, key=lambda run: (run.created_at, str(run.pk)), reverse=True)[:SHOWN]

    @property
    def open_retrainings(self) -> list[Retraining]:
        return [one for one in self.retrainings if one.state in OPEN]

    @property
    def failed_retrainings(self) -> list[Retraining]:
        return [one for one in self.retrainings if one.state == Retraining.State.FAILED]


def work(workspace: Workspace, now: dt.datetime) -> Work:
    """Seven queries whatever the number of rows."""
    return Work(
        runs=_runs(workspace, now),
        imports=dataset_rows.open_imports(workspace),
        searches=_searches(workspace),
        retrainings=_retrainings(workspace, now),
        trials=_trials(workspace),
        drills=list(Drill.objects.filter(workspace=workspace, status__in=list(ACTIVE)).order_by("created_at")[:SHOWN]),
    )


def _runs(workspace: Workspace, now: dt.datetime) -> list[Experiment]:
    """Three short lists found through their indexes, then their rows: one query however long the history is."""
    rows = Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True).order_by()
    active = rows.filter(Experiment.WORKED_OFF, status__in=list(ACTIVE))
    asks = _asking(rows, now)
    # Failed ones lie among the ended ones of any age, so their list is cut before the newest are.
    newest = rows.exclude(status__in=list(ACTIVE)).order_by("-created_at", "id")[:SHOWN]
    few = asks.order_by("-created_at", "id")[:SHOWN]
    chosen = active.values("pk").union(few.values("pk"), newest.values("pk"))
    found = Experiment.objects.filter(pk__in=chosen).annotate(asks=Exists(asks.filter(pk=OuterRef("pk"))))
    return list(found.select_related("dataset", "created_by").defer(*_HEAVY))


def _asking(rows: QuerySet[Experiment], now: dt.datetime) -> QuerySet[Experiment]:
    """Failed runs of ours that nobody has taken up: a retry queues the same row again, a clone follows it."""
    followed = Exists(Experiment.objects.filter(cloned_from=OuterRef("pk")))
    mine = rows.filter(Experiment.WORKED_OFF, status=JobStatus.FAILED, created_at__gte=now - RECENT, search=None)
    return mine.exclude(created_through="retraining").exclude(followed)


def _searches(workspace: Workspace) -> list[Search]:
    """With how many of their trials have ended, as ``ended``."""
    over = Count("runs", filter=~Q(runs__status__in=list(ACTIVE)) & Q(runs__isnull=False))
    rows = Search.objects.filter(workspace=workspace, status=JobStatus.RUNNING).annotate(over=over)
    return list(rows.order_by("created_at")[:SHOWN])


def _retrainings(workspace: Workspace, now: dt.datetime) -> list[Retraining]:
    """Two queries: the rows, and the steps of all of them."""
    rows = Retraining.objects.filter(model__workspace=workspace, model__archived_at__isnull=True)
    later = Exists(Retraining.objects.filter(model=OuterRef("model"), started_at__gt=OuterRef("started_at")))
    failed = Q(state=Retraining.State.FAILED, ended_at__gte=now - RECENT) & ~Q(later)
    found = rows.filter(Q(state__in=OPEN) | failed).select_related("model", "base", "version", "experiment")
    return list(found.prefetch_related("steps").order_by("started_at"))


def _trials(workspace: Workspace) -> list[Trial]:
    """Running ones; ``latest`` is the verdict of the newest reading."""
    newest = TrialReading.objects.filter(trial=OuterRef("pk")).order_by("-at").values("verdict")[:1]
    rows = Trial.objects.filter(model__workspace=workspace, state=Trial.State.RUNNING)
    return list(rows.select_related("model").annotate(latest=Subquery(newest)).order_by("started_at"))
