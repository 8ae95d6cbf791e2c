from __future__ import annotations

import pytest

from experiments.tests.factories import make_person


@pytest.fixture
def member(db):
    """A person whose role does not matter to the test."""
    return make_person()
