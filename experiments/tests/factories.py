"""Rows for tests, as small as they can be and real otherwise."""

from __future__ import annotations

import uuid
from typing import Any

from django.utils import timezone

from experiments.models import Dataset, Experiment
from mlopspro.accounts.models import User, Workspace


def make_workspace(slug: str = "default") -> Workspace:
    return Workspace.objects.get_or_create(slug=slug, defaults={"name": slug.title()})[0]


def make_person(email: str = "person@example.org") -> User:
    return User.objects.get_or_create(email=email)[0]


def make_dataset(workspace: Workspace | None = None, **fields: Any) -> Dataset:
    """A dataset's row without files; see ``stored_dataset`` for one that can be trained on."""
    values: dict[str, Any] = {
        "name": f"dataset {uuid.uuid4().hex[:6]}",
        "feedback": "explicit",
        "num_users": 100,
        "num_items": 50,
        "num_interactions": 1000,
        "scale_min": 1.0,
        "scale_max": 5.0,
        "has_timestamps": True,
        "has_given_split": False,
        "sha256": uuid.uuid4().hex * 2,
        "folder": f"datasets/{uuid.uuid4().hex}",
    }
    return Dataset.objects.create(workspace=workspace or make_workspace(), **(values | fields))


def make_experiment(workspace: Workspace | None = None, **fields: Any) -> Experiment:
    workspace = workspace or make_workspace()
    values: dict[str, Any] = {
        "name": "run",
        "architecture": "popularity",
        "model_type": "baseline",
        "parameters": {},
        "split": {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 42},
        "config_hash": "0" * 64,
        "queued_at": timezone.now(),
    }
    fields.setdefault("dataset", None)
    dataset = fields.pop("dataset") or make_dataset(workspace)
    return Experiment.objects.create(workspace=workspace, dataset=dataset, **(values | fields))
