from __future__ import annotations

import pytest

from experiments.tests.factories import make_workspace
from experiments.tests.search.scene import Told, fill
from mlopspro.accounts.models import Workspace


@pytest.fixture
def workspace(db) -> Workspace:
    return make_workspace("searched")


@pytest.fixture
def runs(workspace) -> list[Told]:
    return fill(workspace)
