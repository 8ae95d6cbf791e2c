from __future__ import annotations

import pytest

from experiments.tests.factories import make_workspace


@pytest.fixture
def workspace(db):
    return make_workspace()
