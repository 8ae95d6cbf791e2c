from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from experiments.tests.factories import make_dataset
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Role, Scope
from mlopspro.accounts.services import keys
from mlopspro.testing.people import make_member, make_workspace


class Caller:
    """A program with an API key."""

    def __init__(self, owner: User, workspace: Workspace, *scopes: Scope) -> None:
        made = keys.create_key(
            owner=owner, workspace=workspace, name="test", scopes=list(scopes), expires_at=None, actor=owner
        )
        self.key = made.key
        self.client = Client(headers={"Authorization": f"Bearer {made.token}"})

    def get(self, path: str) -> Any:
        return self.client.get(f"/api{path}")

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(f"/api{path}", body, content_type="application/json", headers=headers)


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def scientist(workspace: Workspace) -> User:
    return make_member(workspace, Role.SCIENTIST)


@pytest.fixture
def caller(workspace: Workspace, scientist: User) -> Caller:
    return Caller(scientist, workspace, Scope.READ, Scope.TRAIN)


@pytest.fixture
def dataset(workspace: Workspace) -> Any:
    return make_dataset(workspace)
