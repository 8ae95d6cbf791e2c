from __future__ import annotations

import pytest

from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member, make_workspace


@pytest.fixture
def data_root(settings, tmp_path):
    settings.DATA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def workspace(db: None, data_root) -> Workspace:
    return make_workspace()


@pytest.fixture
def scientist(workspace: Workspace) -> User:
    return make_member(workspace, Role.SCIENTIST)
