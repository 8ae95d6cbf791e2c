"""Users with tastes of their own who click in lists of two rankers: an A/B split beside interleaving."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from retraining.trial.fixed import welch
from retraining.trial.interleaving import Preferences, credit, judge, team_draft
from retraining.trial.sums import Sums

ITEMS, LENGTH = 60, 10
Floats = npt.NDArray[np.float64]


LOOKED = 0.85 ** np.arange(LENGTH)


def clicks(rng: np.random.Generator, liking: Floats, items: Sequence[int], fondness: float) -> list[int]:
    """Places that are looked at (less and less further down) and liked. ``fondness``: some click much, some hardly."""
    chance = fondness * LOOKED[: len(items)] / (1 + np.exp(-2.0 * (liking[list(items)] - 1.0)))
    return np.flatnonzero(rng.random(len(items)) < chance).tolist()


def rankers(rng: np.random.Generator, liking: Floats, better: float) -> list[list[list[int]]]:
    """Of two rankers each user's list: noisy orders of what he likes; the second has ``better`` less noise."""
    noisy = [liking + rng.normal(0, sd, liking.shape) for sd in (1.5, 1.5 * (1 - better))]
    return [np.argsort(-scores, axis=1)[:, :LENGTH].tolist() for scores in noisy]


def sensitivity(
    users: int, better: float, repetitions: int, first_seed: int = 0, alpha: float = 0.05
) -> dict[str, float]:
    """How often each finds a difference with the same users, each of whom sees one list."""
    found = {"split": 0, "interleaving": 0}
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        liking, fondness = rng.normal(0, 1, (users, ITEMS)), rng.beta(1, 3, users)
        both = rankers(rng, liking, better)
        arms: tuple[list[float], list[float]] = ([], [])
        credits_ = []
        for user in range(users):
            likes, first, second = liking[user], both[0][user], both[1][user]
            arms[user % 2].append(float(len(clicks(rng, likes, (first, second)[user % 2], fondness[user]))))
            mixed = team_draft(first, second, LENGTH, f"{seed}:{user}")
            credits_.append(credit(mixed.teams, clicks(rng, likes, mixed.items, fondness[user])))
        found["split"] += welch(Sums.of(arms[0]), Sums.of(arms[1])).significant(alpha)
        p_value = judge(Preferences.of(credits_)).p_value
        found["interleaving"] += p_value is not None and p_value < alpha
    return {name: hits / repetitions for name, hits in found.items()}
