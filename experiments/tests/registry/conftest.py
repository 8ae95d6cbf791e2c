from __future__ import annotations

import numpy as np
import pytest

from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import make_member, make_workspace


@pytest.fixture
def workspace(db: None) -> Workspace:
    return make_workspace()


@pytest.fixture
def engineer(workspace: Workspace) -> User:
    return make_member(workspace, Role.ENGINEER)


def scores(mean: float, *, users: int = 200, seed: int = 1, spread: float = 0.1) -> np.ndarray:
    """What each user gets: the same users at ease in all of them, so that pairs are judged and not means."""
    ease = np.random.default_rng(7).normal(0, 0.2, users)
    return np.clip(mean + ease + np.random.default_rng(seed).normal(0, spread, users), 0, 1)
