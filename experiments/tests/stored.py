"""Datasets with files, for tests that train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.models import Dataset
from experiments.services import importing
from mlopspro.accounts.models import Workspace


def stored_dataset(workspace: Workspace, name: str, **process: Any) -> Dataset:
    """A small synthetic dataset on disk, made by the product's own import; found again by its name."""
    found = Dataset.objects.filter(workspace=workspace, name=name).first()
    if found is not None and Path(found.path).exists():
        return found
    values = {"seed": 1, "users": 120, "items": 60, "interactions": 3_000} | process
    job = importing.carry_out_here(importing.import_synthetic(workspace=workspace, actor=None, name=name, **values))
    assert job.dataset is not None, job.failure_reason
    return job.dataset
