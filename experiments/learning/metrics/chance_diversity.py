"""The random line of diversity, which has no cheap closed form: a seeded estimate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from experiments.learning.metrics.context import Context
from experiments.learning.metrics.diversity import diversity
from experiments.learning.metrics.topk import mask_seen, top_k

SAMPLE_USERS = 500


def random_diversity(context: Context, users: NDArray[np.int64]) -> float | None:
    """Mean diversity of one random list at the headline k for each of up to 500 of these users.

    Which users and which lists follows from the settings' seed. None where no list has two items.
    """
    generator = np.random.default_rng(context.settings.seed)
    sample = np.sort(generator.choice(users, size=min(SAMPLE_USERS, len(users)), replace=False))
    step = context.settings.users_per_block(context.num_items)
    values = []
    for start in range(0, len(sample), step):
        part = sample[start : start + step]
        scores = generator.random((len(part), context.num_items), dtype=np.float32)
        mask_seen(scores, *context.seen.block(part))
        values.append(diversity(top_k(scores, context.settings.headline_k), context.vectors))
    defined = np.concatenate(values) if values else np.empty(0)
    defined = defined[~np.isnan(defined)]
    return float(defined.mean()) if len(defined) else None
