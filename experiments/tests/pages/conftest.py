from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from experiments.models import Experiment
from experiments.tests.pages import scenes
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
def scientist(workspace: Workspace) -> User:
    return make_member(workspace, Role.SCIENTIST)


@pytest.fixture
def client(scientist: User) -> Client:
    """The browser of somebody who may train."""
    return browser(scientist)


@pytest.fixture
def viewer(workspace: Workspace) -> Client:
    """The browser of somebody who may only look."""
    return browser(make_member(workspace, Role.VIEWER))


@pytest.fixture
def outsider(db: None) -> Client:
    """The browser of a scientist of another workspace."""
    return browser(make_member(make_workspace(), Role.SCIENTIST))


@pytest.fixture
def run(workspace: Workspace, scientist: User) -> Experiment:
    return scenes.finished_run(workspace, scientist)
