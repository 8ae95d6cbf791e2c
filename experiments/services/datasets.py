"""Bringing a deleted dataset back."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from experiments.models import Dataset
from experiments.models.job import JobStateError
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit


def restore(dataset: Dataset, actor: User) -> None:
    """Deleted → listed again. Raises JobStateError where its name was taken meanwhile."""
    try:
        with transaction.atomic():
            Dataset.objects.filter(pk=dataset.pk).update(deleted_at=None)
            audit.record(action="restore_dataset", actor=actor, workspace=dataset.workspace, obj=dataset)
    except IntegrityError as error:
        raise JobStateError(f"There is a dataset {dataset.name} already; delete or rename that one first.") from error
