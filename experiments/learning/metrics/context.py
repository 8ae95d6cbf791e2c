"""What both protocols need to know about a split, worked out once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from experiments.learning.metrics.arrays import Bools
from experiments.learning.metrics.diversity import item_vectors
from experiments.learning.metrics.pairs import PairSet
from experiments.learning.metrics.segments import item_segments, user_segments
from experiments.learning.metrics.settings import EvaluationSettings
from experiments.learning.recommenders.base import Fold


@dataclass(frozen=True)
class Context:
    """The training side of an evaluation.

    Attributes:
        num_users: one more than the highest user code of any part.
        num_items: size of the catalogue.
        train: distinct training pairs; popularity, novelty and segments come from these.
        seen: distinct pairs of training and validation; no candidates of the catalogue protocol.
        item_counts: distinct training users of each item, shape (num_items,).
        popular_first: item codes by training count, highest first, equal counts by code, shape (num_items,).
        rare_first: the same, lowest count first.
        users_of, items_of: segment name to membership, shapes (num_users,) and (num_items,).
        vectors: unit vector of each item over its training users, shape (num_items, users).
    """

    num_users: int
    num_items: int
    train: PairSet
    seen: PairSet
    item_counts: NDArray[np.int64]
    popular_first: NDArray[np.int64]
    rare_first: NDArray[np.int64]
    users_of: dict[str, Bools]
    items_of: dict[str, Bools]
    vectors: sparse.csr_matrix
    settings: EvaluationSettings

    @classmethod
    def of(cls, train: Fold, validation: Fold, test: Fold, num_items: int, settings: EvaluationSettings) -> Context:
        num_users = 1 + max((int(fold.user.max()) for fold in (train, validation, test) if len(fold)), default=-1)
        pairs = PairSet.of(train.user, train.item, num_items)
        seen = PairSet.of(
            np.concatenate([train.user, validation.user]), np.concatenate([train.item, validation.item]), num_items
        )
        item_counts = np.bincount(pairs.keys % num_items, minlength=num_items)
        return cls(
            num_users=num_users,
            num_items=num_items,
            train=pairs,
            seen=seen,
            item_counts=item_counts,
            popular_first=np.argsort(-item_counts, kind="stable"),
            rare_first=np.argsort(item_counts, kind="stable"),
            users_of=user_segments(pairs.counts(np.arange(num_users)), settings.new_user_max),
            items_of=item_segments(item_counts),
            vectors=item_vectors(pairs),
            settings=settings,
        )

    @property
    def training_users(self) -> int:
        """Number of users with at least one training interaction."""
        return len(self.train.users())

    def segment_of(self, users: NDArray[np.int64]) -> NDArray[np.str_]:
        """Name of the segment of each user, shape (len(users),)."""
        names = np.asarray(list(self.users_of), dtype=np.str_)
        chosen: NDArray[np.str_] = names[
            np.argmax(np.stack([member[users] for member in self.users_of.values()]), axis=0)
        ]
        return chosen
