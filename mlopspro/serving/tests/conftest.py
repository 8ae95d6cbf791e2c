"""Real models in production, trained by the product's own code in well below a second."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from experiments.models import ModelVersion, Stage
from experiments.services import promotion
from experiments.tests.registered import make_model, make_version
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.serving import loaded
from mlopspro.testing.people import make_member, make_workspace
from monitoring.models import Source
from monitoring.services.spool import spool_folder


@pytest.fixture(autouse=True)
def nothing_loaded() -> Iterator[None]:
    """Each test begins as a process does that has just started."""
    loaded.forget()
    yield
    loaded.forget()


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def engineer(workspace: Workspace) -> User:
    return make_member(workspace, Role.ENGINEER)


def put_live(version: ModelVersion, to_stage: str = Stage.PRODUCTION) -> ModelVersion:
    """Promoted by the product's own rules, overruling what speaks against a tiny model."""
    promotion.promote(version, actor=None, to_stage=to_stage, force=True, reason="a test needs it there")
    version.refresh_from_db()
    return version


def live_version(workspace: Workspace, model: str = "Films", **asked: Any) -> ModelVersion:
    family = asked["dataset"].family if "dataset" in asked else "recommendation"
    return put_live(make_version(workspace, make_model(workspace, model, family=family), **asked))


def logged(workspace: Workspace) -> list[dict[str, Any]]:
    """Entries of the workspace's models in the spool, in order, with the role they were answered in."""
    roles = dict(Source.objects.filter(workspace=workspace).values_list("pk", "role"))
    lines = [line for path in sorted(spool_folder().glob("*.jsonl")) for line in path.read_text().splitlines()]
    entries = [entry for line in lines if (entry := json.loads(line))["source_id"] in roles]
    return [{**entry, "role": roles[entry["source_id"]]} for entry in sorted(entries, key=lambda one: one["id"])]
