"""Models and their versions by the ids in an address. What is another workspace's does not exist (404)."""

from __future__ import annotations

import uuid

from django.shortcuts import get_object_or_404

from experiments.models import ModelVersion, RegisteredModel
from mlopspro.accounts.access import visible
from mlopspro.core.http import WorkspaceRequest


def find_model(request: WorkspaceRequest, pk: uuid.UUID) -> RegisteredModel:
    """A model of the current workspace, archived or not, with its owner and recipe: one query."""
    rows = visible(RegisteredModel, request).select_related("owner", "recipe", "created_by", "workspace")
    return get_object_or_404(rows, pk=pk)


def find_version(request: WorkspaceRequest, pk: uuid.UUID, version: uuid.UUID) -> ModelVersion:
    """A version of a model of the current workspace, with run, data and recipe version: one query."""
    rows = ModelVersion.objects.filter(model__workspace=request.workspace, model=pk).select_related(
        "model__owner", "model__recipe", "model__workspace", "experiment__created_by", "experiment__dataset",
        "experiment__workspace", "dataset__created_by", "recipe_version__recipe", "recipe_version__approved_by",
        "created_by",
    )  # fmt: skip
    return get_object_or_404(rows, pk=version)
