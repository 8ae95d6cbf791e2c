"""Datasets that are tables: the documented examples of each family, and files with roles."""

from __future__ import annotations

from django.db import transaction

from experiments.learning.families import Family
from experiments.models import DatasetImport
from experiments.services import importing
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User, Workspace

MAX_SEED = 2**31 - 1


def import_synthetic_table(
    *, workspace: Workspace, actor: User | None, family: Family | str, name: str = "", seed: int = 0, **sizes: int
) -> DatasetImport:
    """Queues the making of a family's documented example (docs/synthetic-data.md).

    A worker takes it; ``importing.carry_out_here(job)`` carries it out in the caller. ``sizes`` are those of the
    family's generator. Raises Refused for a family without tables, a seed out of range, or a name that is taken.
    """
    family = tabular_family(str(family))
    if not 0 <= seed <= MAX_SEED:
        raise Refused([Problem("seed", f"is {seed}; accepted: a whole number from 0 to {MAX_SEED}")])
    with transaction.atomic():
        return importing.queue_made(
            workspace=workspace,
            actor=actor,
            name=name or f"{family.label} example",
            options={"family": family.value, "seed": seed, **sizes},
        )


def tabular_family(value: str) -> Family:
    """The family of this name that learns from a table. Raises Refused naming those that do."""
    known = [family.value for family in Family if family.is_tabular]
    if value not in known:
        raise Refused([Problem("family", f"is {value!r}; accepted: {', '.join(known)}")])
    return Family(value)
