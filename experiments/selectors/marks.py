"""Which runs a person has pinned, and which one is their baseline."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from experiments.models import MarkKind, RunMark
from experiments.services.marks import MAX_PINS
from mlopspro.accounts.models import User, Workspace


@dataclass(frozen=True)
class Marks:
    """Ids only; ``pinned`` in the order in which they were pinned."""

    pinned: tuple[uuid.UUID, ...] = ()
    baseline: uuid.UUID | None = None

    @property
    def on_top(self) -> list[uuid.UUID]:
        """What stands above the list: the baseline, then the pinned runs."""
        first = [self.baseline] if self.baseline is not None else []
        return first + [pk for pk in self.pinned if pk != self.baseline]


def marks_of(workspace: Workspace, user: User) -> Marks:
    """A person's marks on runs that are not deleted: one query."""
    rows = RunMark.objects.filter(workspace=workspace, user=user, experiment__deleted_at__isnull=True)
    found = list(rows.order_by("created_at", "pk").values_list("kind", "experiment_id"))
    pinned = [pk for kind, pk in found if kind == MarkKind.PINNED]
    baseline = next((pk for kind, pk in found if kind == MarkKind.BASELINE), None)
    return Marks(tuple(pinned[:MAX_PINS]), baseline)
