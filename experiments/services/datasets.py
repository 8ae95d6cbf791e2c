"""Deleting a dataset and bringing it back. Apart from importing.py, which loads the readers."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from experiments.models import Dataset, JobStatus, ModelVersion, Stage
from experiments.models.job import JobStateError
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit


def lineage(dataset: Dataset) -> dict[str, Any]:
    """Where data that was put together here comes from; {} of any other dataset."""
    found: dict[str, Any] = (dataset.source.get("options") or {}).get("composed") or {}
    return found


def restore(dataset: Dataset, actor: User) -> None:
    """Deleted → listed again. Raises JobStateError where its name was taken meanwhile."""
    try:
        with transaction.atomic():
            Dataset.objects.filter(pk=dataset.pk).update(deleted_at=None)
            audit.record(action="restore_dataset", actor=actor, workspace=dataset.workspace, obj=dataset)
    except IntegrityError as error:
        raise JobStateError(f"There is a dataset {dataset.name} already; delete or rename that one first.") from error


def delete(dataset: Dataset, actor: User) -> None:
    """Soft: it leaves the lists; experiments and versions of models made from it keep it.

    Refused while one of its runs waits or runs, or a version that learnt from it is in staging or production.
    """
    with transaction.atomic():
        running = dataset.experiments.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]).count()
        if running:
            raise JobStateError(f"{running} runs on {dataset.name} wait or run; stop them before deleting it.")
        used = ModelVersion.objects.filter(dataset=dataset, stage__in=[Stage.STAGING, Stage.PRODUCTION])
        if (version := used.select_related("model").order_by("stage").first()) is not None:
            raise JobStateError(
                f"{version.model.name} {version.number}, which is in {version.state.label.lower()}, learnt from "
                f"{dataset.name}; archive that version before deleting it."
            )
        Dataset.objects.filter(pk=dataset.pk).update(deleted_at=timezone.now())
        audit.record(action="delete_dataset", actor=actor, workspace=dataset.workspace, obj=dataset)
