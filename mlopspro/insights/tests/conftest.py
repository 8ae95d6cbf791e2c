from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace


@pytest.fixture(autouse=True)
def data_root(settings, tmp_path: Path) -> Path:
    settings.DATA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def administrator(workspace: Workspace) -> User:
    return make_member(workspace)


@pytest.fixture
def client(administrator: User) -> Client:
    """The browser of somebody who may do everything."""
    return browser(administrator)


@pytest.fixture
def viewer(workspace: Workspace) -> Client:
    """The browser of somebody who may only look."""
    return browser(make_member(workspace, Role.VIEWER))
