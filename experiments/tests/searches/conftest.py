from __future__ import annotations

from pathlib import Path

import pytest

from experiments.models import Dataset
from experiments.tests.factories import make_workspace
from experiments.tests.stored import stored_dataset


@pytest.fixture(autouse=True)
def data_root(settings, tmp_path: Path) -> Path:
    settings.DATA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def workspace(db):
    return make_workspace()


@pytest.fixture
def dataset(workspace) -> Dataset:
    return stored_dataset(workspace, "ratings to search on")
