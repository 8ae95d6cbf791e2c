from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from experiments.services import recipes
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace


@pytest.fixture
def data_root(settings, tmp_path: Path) -> Path:
    settings.DATA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def workspace(db: None, data_root: Path) -> Workspace:
    made = make_workspace()
    recipes.seed_baselines(made)
    return made


@pytest.fixture
def scientist(workspace: Workspace) -> User:
    return make_member(workspace, Role.SCIENTIST)


@pytest.fixture
def client(scientist: User) -> Client:
    return browser(scientist)
