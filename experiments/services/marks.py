"""What a person marks in the history for themselves: pinned runs, and the run that the others are measured against.

Marks are personal: they change nothing for anybody else, need no more than the right to read, and leave no audit row.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.db.models import QuerySet

from experiments.models import Experiment, MarkKind, RunMark
from mlopspro.accounts.models import User, Workspace

MAX_PINS = 20


class TooManyPins(ValueError):
    """More runs would be pinned than stay readable above a list; the message can be shown to people."""


def pin(workspace: Workspace, user: User, runs: Collection[Experiment]) -> int:
    """Keeps the runs on top of the person's history; returns how many were not there yet.

    All or none: raises TooManyPins where they would be more than MAX_PINS.
    """
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)  # two tabs at once do not pass the limit together
        known = set(_pins(workspace, user).values_list("experiment_id", flat=True))
        new = [run for run in runs if run.pk not in known]
        if len(known) + len(new) > MAX_PINS:
            raise TooManyPins(
                f"{len(new)} more would make {len(known) + len(new)} pinned runs; up to {MAX_PINS} can be pinned. "
                "Unpin some first."
            )
        RunMark.objects.bulk_create(
            RunMark(workspace=workspace, user=user, experiment=run, kind=MarkKind.PINNED) for run in new
        )
    return len(new)


def unpin(workspace: Workspace, user: User, runs: Collection[Experiment]) -> int:
    """Returns how many of them were pinned."""
    count, _ = _pins(workspace, user).filter(experiment__in=[run.pk for run in runs]).delete()
    return count


def set_baseline(user: User, run: Experiment) -> None:
    """The run whose figures the person's other rows are shown against; it takes the place of an earlier one."""
    RunMark.objects.update_or_create(
        workspace_id=run.workspace_id, user=user, kind=MarkKind.BASELINE, defaults={"experiment": run}
    )


def clear_baseline(user: User, run: Experiment) -> None:
    """Does nothing where another run is the baseline."""
    RunMark.objects.filter(user=user, experiment=run, kind=MarkKind.BASELINE).delete()


def _pins(workspace: Workspace, user: User) -> QuerySet[RunMark]:
    # A deleted run gives its place free; its pin waits for it to be brought back.
    rows: QuerySet[RunMark] = RunMark.objects.filter(workspace=workspace, user=user, kind=MarkKind.PINNED)
    return rows.filter(experiment__deleted_at__isnull=True)
