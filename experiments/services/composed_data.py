"""Data that was put together here, a retraining's: a snapshot in its job's folder, imported like any other data.

The id of the job says which data it is, so that whoever tries again finds the job and never makes a second dataset.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from experiments.learning.data.interactions import Interactions
from experiments.learning.data.quarantine import Quarantine
from experiments.learning.data.snapshot import write_snapshot
from experiments.learning.data.table_snapshot import write_table
from experiments.models import Dataset, DatasetImport
from experiments.services import importing
from mlopspro.accounts.models import User, Workspace


def stage(pk: uuid.UUID, data: Any) -> None:
    """Writes the snapshot of the job ``pk``: Interactions, or a table's frame. What an earlier try left is replaced."""
    folder = _staged(pk)
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.parent.mkdir(parents=True)
    if isinstance(data, Interactions):
        write_snapshot(data, Quarantine().frame(), folder)
    else:
        write_table(data, Quarantine().frame(), folder)


def discard(pk: uuid.UUID) -> None:
    """Removes what :func:`stage` wrote, where no job came of it."""
    if not DatasetImport.objects.filter(pk=pk).exists():
        shutil.rmtree(_staged(pk).parent, ignore_errors=True)


def queue(
    *,
    pk: uuid.UUID,
    workspace: Workspace,
    actor: User | None,
    name: str,
    composed: Mapping[str, Any],
    table: Mapping[str, Any] | None = None,
) -> DatasetImport:
    """Queues what was staged; where there is a job of this id already, gives that one.

    Args:
        composed: where it comes from, what ``datasets.lineage`` says of the dataset.
        table: {"family": …, "roles": …} of a table; None for interactions.
    """
    if (known := DatasetImport.objects.filter(pk=pk).first()) is not None:
        return known
    return importing.queue_made(
        workspace=workspace,
        actor=actor,
        name=_free(workspace, name),
        options={"composed": dict(composed)} | dict(table or {}),
        made_by=importing.COMPOSED,
        pk=pk,
    )


def _staged(pk: uuid.UUID) -> Path:
    return Path(settings.DATA_ROOT) / f"imports/{pk.hex}" / importing.SNAPSHOT


def _free(workspace: Workspace, name: str) -> str:
    """The name, with a number where a dataset has it already."""
    rows = Dataset.objects.filter(workspace=workspace, name__startswith=name[:190], deleted_at__isnull=True)
    taken = set(rows.values_list("name", flat=True))
    number, found = 2, name[:200]
    while found in taken:
        found, number = f"{name[:190]} ({number})", number + 1
    return found
