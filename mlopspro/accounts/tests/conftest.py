from __future__ import annotations

import pytest

from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member, make_workspace


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def admin(workspace: Workspace) -> User:
    return make_member(workspace, Role.ADMINISTRATOR, name="Ada")
