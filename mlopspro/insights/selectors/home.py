"""What the home page shows: what needs somebody, what runs, how the live models are, and the runs that ended last."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from experiments.models import Dataset, Experiment
from experiments.selectors.active_runs import FIGURES, Figure
from mlopspro.accounts.models import Workspace
from mlopspro.insights.selectors.attention import Attention, attention
from mlopspro.insights.selectors.glance import Glances, glances
from mlopspro.insights.selectors.running import Running, running
from mlopspro.insights.selectors.work import SHOWN, Work, work


@dataclass(frozen=True)
class Home:
    """``runs`` are lone active ones; ``waiting``: how much more is in work or waits for it."""

    attention: Attention
    running: list[Running]
    runs: list[Experiment]
    waiting: int
    last_runs: list[Experiment]
    models: Glances
    has_data: bool

    @property
    def is_empty(self) -> bool:
        """Nothing at all is here yet."""
        return not (self.has_data or self.attention.items or self.running or self.runs or self.models.rows)

    @property
    def is_busy(self) -> bool:
        return bool(self.running or self.runs)

    @property
    def columns(self) -> tuple[Figure, ...]:
        return FIGURES

    @property
    def state(self) -> tuple[object, ...]:
        """Everything the page shows but the time left."""
        jobs = [*self.runs, *self.last_runs]
        return (
            self.attention.state,
            [one.state for one in self.running],
            [(job.pk, job.name, job.status_label, job.progress_done, job.phase) for job in jobs],
            self.waiting,
            [one.state for one in self.models.rows],
        )


def home(workspace: Workspace, now: dt.datetime | None = None) -> Home:
    """At most 21 queries, whatever the numbers of models, runs, alerts and retrainings."""
    moment = now or timezone.now()
    found = work(workspace, moment)
    models = glances(workspace, moment)
    lone, others = found.lone_runs, running(found, moment)
    return Home(
        attention=attention(workspace, found, models.proposals),
        running=others[:SHOWN],
        runs=lone[:SHOWN],
        waiting=len(others[SHOWN:]) + len(lone[SHOWN:]),
        last_runs=found.last_runs,
        models=models,
        has_data=_has_data(workspace, found),
    )


def _has_data(workspace: Workspace, found: Work) -> bool:
    """Runs are made from data; only where there is none is it asked for."""
    return bool(found.runs) or Dataset.objects.filter(workspace=workspace, deleted_at__isnull=True).exists()
