"""How sure the recovered share is: the same users under three strategies, drawn again."""

from __future__ import annotations

import numpy as np

from retraining.drill.engine import Replayed
from retraining.drill.stream import Floats

DRAWS = 2000
LEVEL = 0.95


def recovered_interval(
    one: Replayed, never: Replayed, daily: Replayed, draws: int = DRAWS, seed: int = 0
) -> tuple[float, float] | None:
    """Percentile interval of (one − never) / (daily − never) in nDCG@10, users drawn with all their lists.

    The schedule of retrainings stays as it was: it says how sure the figure is of this course, not of another one.
    None with fewer than two users, or where a draw has no gap to recover.
    """
    sums = np.stack([_by_user(each) for each in (one, never, daily)])
    sums = sums[:, (sums != 0).any(axis=0)]
    users = sums.shape[1]
    if users < 2:
        return None
    drawn = np.random.default_rng(seed).multinomial(users, np.full(users, 1 / users), draws) @ sums.T
    gap = drawn[:, 2] - drawn[:, 1]
    if (gap <= 0).any():
        return None
    share = (drawn[:, 0] - drawn[:, 1]) / gap
    low, high = np.quantile(share, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _by_user(one: Replayed) -> Floats:
    """(users,) sums of nDCG@10; lists are the same under every strategy, so sums compare like means."""
    users = np.concatenate([day.users for day in one.days])
    values = np.concatenate([day.ndcg_of_each for day in one.days])
    return np.bincount(users, values, minlength=int(users.max(initial=0)) + 1).astype(np.float64)
