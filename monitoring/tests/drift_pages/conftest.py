from __future__ import annotations

import pytest

from experiments.tests.versions import make_live, make_version_row
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member, make_workspace


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def version(workspace):
    """The live version of the model Films."""
    made = make_version_row(workspace)
    make_live(made)
    return made


@pytest.fixture
def client(workspace):
    """The browser of an engineer."""
    return browser(make_member(workspace, Role.ENGINEER))


@pytest.fixture
def viewer(workspace):
    return browser(make_member(workspace, Role.VIEWER))
