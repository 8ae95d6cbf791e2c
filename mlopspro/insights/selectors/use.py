"""Use of the product's parts, where the workspace has it recorded. People are counted and never named: what fewer than
three people did is not shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Count, Max, Min, Sum

from experiments.models import Experiment
from mlopspro.accounts.models import PartUse, Workspace
from mlopspro.insights.parts import LABELS, WHOLE
from mlopspro.insights.selectors.span import Span

FEWEST = 3
FEWER = f"fewer than {FEWEST}"
ASKED = ("comparison", "monitoring", "retraining", "trials", "registry", "data")
"""Parts that are always listed; the others where anybody used them."""


def shown(people: int) -> int | None:
    """None where there are too few to say how many."""
    return people if people >= FEWEST else None


@dataclass(frozen=True)
class Day:
    """``people`` None: fewer than three."""

    day: dt.date
    people: int | None


@dataclass(frozen=True)
class Part:
    """``share`` of the people who were active in the period at all."""

    key: str
    people: int | None
    share: float | None

    @property
    def label(self) -> str:
        return LABELS.get(self.key, self.key)


@dataclass(frozen=True)
class Use:
    """Figures are None where fewer than three people were active; ``a_day`` also where fewer were on the mean day.

    ``seconds`` a person and active day; ``experiments`` that active people launched in the period, a person.
    """

    recorded: bool
    first: dt.date | None = None
    last: dt.date | None = None
    people: int | None = None
    a_day: float | None = None
    seconds: float | None = None
    sessions: float | None = None
    experiments: float | None = None
    days: list[Day] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def has_rows(self) -> bool:
        return self.first is not None


def use(workspace: Workspace, span: Span) -> Use:
    """One query where nothing was recorded, four where something was, whatever the numbers of people and days."""
    rows = PartUse.objects.filter(workspace=workspace).order_by()
    ends = rows.aggregate(first=Min("day"), last=Max("day"))
    if ends["first"] is None:
        return Use(workspace.usage_recorded)
    mine = rows.filter(day__gte=span.start.date(), day__lt=span.end.date())
    by_part = dict(mine.values_list("part").annotate(people=Count("user", distinct=True)))
    days = list(
        mine.filter(part=WHOLE).values_list("day")
        .annotate(people=Count("user", distinct=True), seconds=Sum("seconds"), sessions=Sum("sessions")).order_by("day")
    )  # fmt: skip
    people = by_part.pop(WHOLE, 0)
    found = Use(
        workspace.usage_recorded, ends["first"], ends["last"], shown(people), days=_days(span, days),
        parts=_parts(by_part, people),
    )  # fmt: skip
    launched = _launched(workspace, span)
    if shown(people) is None:
        return found
    active = sum(one[1] for one in days)
    return Use(
        **{
            **found.__dict__,
            "a_day": active / len(days) if active / len(days) >= FEWEST else None,
            "seconds": sum(one[2] for one in days) / active,
            "sessions": sum(one[3] for one in days) / active,
            "experiments": launched / people,
        }
    )


def _days(span: Span, counted: list[tuple[dt.date, int, int, int]]) -> list[Day]:
    """Every day of the period up to today."""
    known = {one[0]: one[1] for one in counted}
    first, number = span.start.date(), (span.now.astimezone(dt.UTC).date() - span.start.date()).days + 1
    return [Day(day, shown(known.get(day, 0))) for day in (first + dt.timedelta(days=at) for at in range(number))]


def _parts(counts: dict[str, int], people: int) -> list[Part]:
    """In the order of LABELS."""
    chosen = [key for key in LABELS if key in ASKED or key in counts]
    found = [(key, shown(counts.get(key, 0))) for key in chosen]
    return [Part(key, known, known / people if known is not None else None) for key, known in found]


def _launched(workspace: Workspace, span: Span) -> int:
    """Experiments of the period by people who were active in it."""
    active = PartUse.objects.filter(workspace=workspace, day__gte=span.start.date(), day__lt=span.end.date())
    rows = Experiment.objects.filter(
        workspace=workspace, created_at__gte=span.start, created_at__lt=span.end, created_by__in=active.values("user"),
        deleted_at__isnull=True,
    )  # fmt: skip
    return rows.count()
