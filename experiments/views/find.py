"""Objects by the id in an address. What is another workspace's, or deleted, does not exist (404)."""

from __future__ import annotations

import uuid

from django.shortcuts import get_object_or_404

from experiments.models import Dataset, DatasetImport, Experiment
from mlopspro.accounts.access import visible
from mlopspro.core.http import WorkspaceRequest


def find_run(request: WorkspaceRequest, pk: uuid.UUID, *, deleted: bool = False) -> Experiment:
    """A run of the current workspace with its dataset, author, recipe and what MLflow says of it: one query."""
    rows = visible(Experiment, request).filter(deleted_at__isnull=not deleted)
    rows = rows.select_related("dataset", "created_by", "stop_requested_by", "cloned_from", "logged")
    rows = rows.select_related("recipe_version__recipe", "evaluates", "register_as", "search")
    rows = rows.defer(*(f"recipe_version__{name}" for name in ("manifest", "effective", "changes")))
    return get_object_or_404(rows, pk=pk)


def find_dataset(request: WorkspaceRequest, pk: uuid.UUID, *, deleted: bool = False) -> Dataset:
    rows = visible(Dataset, request).filter(deleted_at__isnull=not deleted)
    return get_object_or_404(rows.select_related("created_by"), pk=pk)


def find_import(request: WorkspaceRequest, pk: uuid.UUID) -> DatasetImport:
    rows = visible(DatasetImport, request)
    return get_object_or_404(rows.select_related("created_by", "dataset"), pk=pk)
