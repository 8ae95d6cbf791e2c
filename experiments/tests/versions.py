"""Rows of the registry as pages read them, without files and without training; ``registered.py`` has the real thing."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from experiments.models import Deployment, Experiment, ModelVersion, RegisteredModel, StageChange
from experiments.tests.pages import scenes
from mlopspro.accounts.models import User, Workspace


def make_model_row(workspace: Workspace, name: str = "Films", **fields: Any) -> RegisteredModel:
    values: dict[str, Any] = {"family": "recommendation", "description": "What to watch next."}
    found = RegisteredModel.objects.filter(workspace=workspace, name=name).first()
    return found or RegisteredModel.objects.create(workspace=workspace, name=name, **(values | fields))


def make_version_row(
    workspace: Workspace,
    model: RegisteredModel | str = "Films",
    number: str = "1.0.0",
    *,
    run: Experiment | None = None,
    by: User | None = None,
    **fields: Any,
) -> ModelVersion:
    """A version of a finished run with metrics, in development unless ``stage`` says otherwise."""
    chosen = make_model_row(workspace, model) if isinstance(model, str) else model
    made = run or scenes.finished_run(workspace, by, name=f"run of {number}", config_hash=number.replace(".", "") * 8)
    dataset = made.trained_on
    major, minor, patch = map(int, number.split("."))
    values: dict[str, Any] = {
        "recipe_version": made.recipe_version,
        "dataset_sha256": dataset.sha256,
        "architecture": made.architecture,
        "parameters": made.parameters,
        "split": made.split,
        "config_hash": made.config_hash,
        "metrics": made.metrics,
        "created_by": by,
    }
    version = ModelVersion.objects.create(
        model=chosen, major=major, minor=minor, patch=patch, experiment=made, dataset=dataset, **(values | fields)
    )
    StageChange.objects.create(version=version, kind="registered", to_stage="development", by=by)
    return version


def make_live(version: ModelVersion, by: User | None = None, since: dt.datetime | None = None) -> Deployment:
    """Puts a version's rows into production; the one before it is archived and its deployment ends."""
    at = since or timezone.now()
    before = Deployment.objects.filter(model=version.model, ended_at__isnull=True)
    ModelVersion.objects.filter(pk__in=before.values("version")).update(stage="archived")
    before.update(ended_at=at, ended_by=by)
    StageChange.objects.create(
        version=version, kind="promoted", from_stage=version.stage, to_stage="production", at=at, by=by
    )
    ModelVersion.objects.filter(pk=version.pk).update(stage="production", stage_changed_at=at)
    version.refresh_from_db()
    return Deployment.objects.create(model=version.model, version=version, started_at=at, started_by=by)
