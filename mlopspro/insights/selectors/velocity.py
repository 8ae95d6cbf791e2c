"""Experiments a week: how many ended, and how."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count
from django.db.models.functions import TruncWeek

from experiments.models import Experiment, JobStatus
from mlopspro.accounts.models import Workspace
from mlopspro.insights.selectors.span import Span


@dataclass(frozen=True)
class WeekOfRuns:
    start: dt.datetime
    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def ended(self) -> int:
        return self.completed + self.failed + self.cancelled


@dataclass(frozen=True)
class Velocity:
    """``before``: how many ended in as many weeks before these; ``elapsed``: weeks that have passed of these."""

    weeks: list[WeekOfRuns]
    before: int
    elapsed: float

    @property
    def ended(self) -> int:
        return sum(week.ended for week in self.weeks)

    @property
    def completed(self) -> int:
        return sum(week.completed for week in self.weeks)

    @property
    def failed(self) -> int:
        return sum(week.failed for week in self.weeks)

    @property
    def a_week(self) -> float:
        return self.ended / self.elapsed

    @property
    def a_week_before(self) -> float | None:
        """None where there was nothing before: a beginning is no trend."""
        return self.before / len(self.weeks) if self.before else None

    @property
    def change(self) -> float | None:
        return None if self.a_week_before is None else self.a_week - self.a_week_before

    @property
    def completed_share(self) -> float | None:
        return self.completed / self.ended if self.ended else None


def velocity(workspace: Workspace, span: Span) -> Velocity:
    """One query. Runs of all kinds count, also those of searches, of retrainings and those logged elsewhere."""
    rows = Experiment.objects.filter(
        workspace=workspace, deleted_at__isnull=True, finished_at__gte=span.before, finished_at__lt=span.end,
        status__in=[JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED],
    )  # fmt: skip
    weeks = rows.order_by().annotate(week=TruncWeek("finished_at", tzinfo=dt.UTC))
    counts: dict[dt.datetime, dict[str, int]] = {}
    before = 0
    for week, status, number in weeks.values_list("week", "status").annotate(number=Count("pk")):
        if span.has(week):
            counts.setdefault(week, {})[status] = number
        else:
            before += number
    return Velocity([WeekOfRuns(monday, **counts.get(monday, {})) for monday in span.mondays], before, span.elapsed)
