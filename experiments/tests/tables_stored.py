"""Tables as datasets, made by the product's own import of a family's documented example, small enough for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.models import Dataset
from experiments.services import importing
from experiments.services.tables import import_synthetic_table
from mlopspro.accounts.models import Workspace

SMALL: dict[str, dict[str, int]] = {
    "forecasting": {"shops": 2, "products": 2, "days": 250},
    "next_best_action": {"customers": 600},
    "location_scoring": {"places": 300},
}


def stored_table(workspace: Workspace, family: str, name: str = "", **sizes: Any) -> Dataset:
    """Found again by its name where it was made before."""
    name = name or f"Small {family}"
    found = Dataset.objects.filter(workspace=workspace, name=name).first()
    if found is not None and Path(found.path).exists():
        return found
    asked = {"seed": 1, **SMALL.get(family, {}), **sizes}
    job = importing.carry_out_here(
        import_synthetic_table(workspace=workspace, actor=None, family=family, name=name, **asked)
    )
    assert job.dataset is not None, job.failure_reason
    return job.dataset
