"""What users liked, as the sum of vectors a user tower starts from (Covington, Adams, Sargin, RecSys 2016)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from scipy import sparse

from experiments.learning.recommenders.keras_net.backend import tf


class _Gathered(NamedTuple):
    """Histories of some users one after the other: which user's, item, weight, shapes (n,); first place (users,)."""

    row: Any
    item: Any
    weight: Any
    first: Any


class LikedHistories:
    """Training pairs sorted by user. A pair's number is its place in that order."""

    def __init__(self, weights: sparse.csr_array) -> None:
        """``weights`` (num_users, num_items): how much each liked pair counts, above 0."""
        self._users = weights.shape[0]
        self._start = tf.constant(weights.indptr.astype(np.int32))
        self.item = tf.constant(weights.indices.astype(np.int32))
        self.weight = tf.constant(weights.data.astype(np.float32))
        self.user = tf.constant(np.repeat(np.arange(self._users), np.diff(weights.indptr)).astype(np.int32))

    def __len__(self) -> int:
        return int(self.item.shape[0])

    def of_users(self, users: Any, vectors: Any) -> Any:
        """Σ w·v / √Σ w² over all that each of these users liked, shape (len(users), d); 0 for who liked nothing."""
        found = self._gather(users)
        count = tf.shape(users)[0]
        squares = _squares(found, count)
        return _scaled(_sums(found, found.weight, count, vectors), squares, squares > 0)

    def without_own(self, pairs: Any, vectors: Any, *, dropout: float, seed: Any) -> Any:
        """For each of these pairs what its user liked besides its item, as :meth:`of_users`, shape (len(pairs), d).

        What is to be told from a history must not stand in it. Of the rest a share ``dropout`` is left out, drawn from
        ``seed`` (2,) for each user of the batch, and the rest counts as much more, so that sizes stay as in serving.
        """
        users, row = tf.unique(tf.gather(self.user, pairs))
        found = self._gather(users)
        own = tf.gather(found.first, row) + pairs - tf.gather(self._start, tf.gather(users, row))
        kept = found.weight
        if dropout:
            stays = tf.random.stateless_uniform(tf.shape(kept), seed) >= dropout
            kept = tf.where(stays, kept / (1 - dropout), 0.0)
        sums = tf.gather(_sums(found, kept, tf.shape(users)[0], vectors), row)
        squares = tf.gather(_squares(found, tf.shape(users)[0]), row)
        sums -= tf.gather(kept, own)[:, None] * tf.gather(vectors, tf.gather(self.item, pairs))
        others = squares - tf.gather(found.weight, own) ** 2
        # Who liked this alone has no history; the difference may be a remainder of rounding.
        lengths = tf.gather(self._start, tf.gather(users, row) + 1) - tf.gather(self._start, tf.gather(users, row))
        return _scaled(sums, others, lengths > 1)

    def likes(self, user: Any, items: Any, *, num_items: int) -> Any:
        """Whether each of these users (n,) likes each of these distinct items (m,), shape (n, m)."""
        users, row = tf.unique(user)
        found = self._gather(users)
        column_of = tf.tensor_scatter_nd_update(tf.fill([num_items], -1), items[:, None], tf.range(tf.shape(items)[0]))
        column = tf.gather(column_of, found.item)
        places = tf.boolean_mask(tf.stack([found.row, column], axis=1), column >= 0)
        shape = tf.stack([tf.shape(users)[0], tf.shape(items)[0]])
        liked = tf.scatter_nd(places, tf.ones(tf.shape(places)[:1]), shape)
        return tf.gather(liked, row) > 0

    def _gather(self, users: Any) -> _Gathered:
        start = tf.gather(self._start, users)
        lengths = tf.gather(self._start, users + 1) - start
        first = tf.cumsum(lengths, exclusive=True)
        row = tf.repeat(tf.range(tf.shape(users)[0]), lengths)
        place = tf.range(tf.shape(row)[0]) + tf.gather(start - first, row)
        return _Gathered(row, tf.gather(self.item, place), tf.gather(self.weight, place), first)


def _sums(found: _Gathered, weight: Any, users: Any, vectors: Any) -> Any:
    """Σ w·v of each user, shape (users, d)."""
    places = tf.cast(tf.stack([found.row, found.item], axis=1), tf.int64)
    shape = tf.cast(tf.stack([users, tf.shape(vectors)[0]]), tf.int64)
    return tf.sparse.sparse_dense_matmul(tf.SparseTensor(places, weight, shape), vectors)


def _squares(found: _Gathered, users: Any) -> Any:
    """Σ w² of each user, shape (users,)."""
    return tf.math.unsorted_segment_sum(found.weight**2, found.row, users)


def _scaled(sums: Any, squares: Any, known: Any) -> Any:
    """sums / √squares, (n, d); 0 where nothing is known."""
    return tf.where(known[:, None], sums / tf.sqrt(tf.where(known, squares, 1.0))[:, None], 0.0)
