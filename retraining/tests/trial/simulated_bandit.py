"""A logging version and a challenger with known worth: contexts, choices, rewards, propensities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
CONTEXTS, CHOICES = 5, 10
_WORLD = np.random.default_rng(42)
REWARD = _WORLD.beta(1.5, 4, (CONTEXTS, CHOICES))
"""Probability of a click."""


def policy(sharpness: float, seed: int) -> Floats:
    """(contexts, choices): a softmax of what it believes, which is near the truth."""
    believed = REWARD + np.random.default_rng(seed).normal(0, 0.1, REWARD.shape)
    weights = np.exp(sharpness * believed)
    return weights / weights.sum(1, keepdims=True)


LOGGING, CHALLENGER = policy(3.0, 1), policy(8.0, 2)
WORTH = float((CHALLENGER * REWARD).sum(1).mean())
"""Of the challenger, users being even over the contexts."""


@dataclass(frozen=True)
class Log:
    rewards: Floats
    propensities: Floats
    targets: Floats
    users: npt.NDArray[np.int64]
    contexts: npt.NDArray[np.int64]
    choices: npt.NDArray[np.int64]


def logged(seed: int, users: int = 400) -> Log:
    """Each user has one context and 1 to 9 choices, so that rows of a user depend on each other."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(1, 10, users)
    user = np.repeat(np.arange(users), rows)
    context = rng.integers(0, CONTEXTS, users)[user]
    cumulated = LOGGING.cumsum(1)[context]
    choice = np.minimum((rng.random((len(user), 1)) > cumulated).sum(1), CHOICES - 1)
    reward = (rng.random(len(user)) < REWARD[context, choice]).astype(float)
    return Log(reward, LOGGING[context, choice], CHALLENGER[context, choice], user, context, choice)
