"""Trains the hybrid to rank, or to rank and to rate at once (multi-task): one step on both, shared embeddings.

Ranking: the mean over users of Σᵢ w·−ln softmax(s(u, ·))ᵢ / Σᵢ w over what the user liked, w being its weight: the
multinomial likelihood of Liang, Krishnan, Hoffman, Jebara (WWW 2018) for vectors. A step takes a quarter as many users
as ratings, drawn evenly. The softmax is over the whole catalogue, or where it is larger over N of its M items drawn
uniformly and the liked one, with ln(M / N) for what was not drawn (log-Q: Bengio, Senécal, IEEE TNN 2008).
Ratings: mean squared error.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.learning.recommenders.base import Fold, TrainingData
from experiments.learning.recommenders.keras_net.backend import tf
from experiments.learning.recommenders.keras_net.learner import NetworkLearner, Penalty, vector
from experiments.learning.recommenders.keras_net.ranking_head import RankingNetwork
from experiments.learning.recommenders.keras_net.share import Part
from experiments.learning.recommenders.sampling import RowSource

_VALIDATION, _EPOCH = 2, 3
_RATINGS_A_USER = 4
_USERS_AT_ONCE = 512


@dataclass(frozen=True)
class Ranking:
    """How ranking is learnt. ``liked``: see :mod:`positives`; values are weights. ``penalty``: λ on the vectors.
    ``share`` multiplies loss and penalty where ratings are learnt beside."""

    liked: TrainingData
    candidates: int
    penalty: float
    share: float
    seed: int


class _Likes:
    """What each user likes, as flat arrays (CSR); ``users`` are those who like anything."""

    def __init__(self, fold: Fold, num_users: int) -> None:
        order = np.argsort(fold.user, kind="stable")
        count = np.bincount(fold.user, minlength=num_users)
        self.users = np.flatnonzero(count).astype(np.int32)
        self.start = tf.constant(np.concatenate([[0], np.cumsum(count)]), tf.int32)
        self.item = tf.constant(fold.item[order], tf.int32)
        self.weight = tf.constant(fold.value[order], tf.float32)

    def of(self, users: Any) -> tuple[Any, Any, Any]:
        """(place among ``users``, item, weight) of each liked pair; weights of a user add up to 1."""
        ranges = tf.ragged.range(tf.gather(self.start, users), tf.gather(self.start, users + 1))
        row, at = ranges.value_rowids(), ranges.values
        weight = tf.gather(self.weight, at)
        total = tf.math.segment_sum(weight, row)
        return row, tf.gather(self.item, at), weight / tf.gather(total, row)


class RankingLearner(NetworkLearner):
    """Losses are squared error + share · ranking loss, or the ranking loss alone where no rating is learnt."""

    def __init__(
        self, network: RankingNetwork, rows: RowSource, ranking: Ranking, *, batch_size: int, penalty: Penalty
    ) -> None:
        self._network, self._ranking, self._num_items = network, ranking, ranking.liked.num_items
        self._likes = _Likes(ranking.liked.train, ranking.liked.num_users)
        self._liked_later = _Likes(ranking.liked.validation, ranking.liked.num_users)
        self._whole = ranking.candidates >= self._num_items
        self._users_a_step = max(1, batch_size // _RATINGS_A_USER)
        super().__init__(network.whole, rows, batch_size=batch_size, penalty=penalty)
        self._rank_later = tf.function(
            lambda users, drawn: tf.reduce_sum(self._rank(users, self._liked_later, drawn)),
            input_signature=[vector(tf.int32), vector(tf.int32)],
            autograph=False,
        )

    def train_epoch(self, epoch: int, learning_rate: float | None) -> float:
        rows = self._rows.epoch(epoch)
        key = int(np.random.default_rng([self._ranking.seed, _EPOCH, epoch]).integers(1 << 31))
        rate = tf.constant(learning_rate, tf.float32)
        return float(self._run_epoch(rows.user, rows.item, rows.target, tf.constant(key), rate))

    def validation_loss(self) -> float | None:
        """Candidates are drawn once, the same for every epoch."""
        users = self._liked_later.users
        if not len(users):
            return None
        generator = np.random.default_rng([self._ranking.seed, _VALIDATION, 0])
        drawn = generator.integers(0, self._num_items, self._ranking.candidates, dtype=np.int32)
        if self._whole:
            drawn = np.arange(self._num_items, dtype=np.int32)
        starts = range(0, len(users), _USERS_AT_ONCE)
        ranked = sum(float(self._rank_later(users[start : start + _USERS_AT_ONCE], drawn)) for start in starts)
        found: float = self._together(self._squared_later(), ranked / len(users))
        return found

    def _squared_later(self) -> float:
        return 0.0 if self._network.rating is None else super().validation_loss() or 0.0

    def _together(self, squared: Any, ranked: Any) -> Any:
        return ranked if self._network.rating is None else squared + self._ranking.share * ranked

    def _compile_epoch(self) -> Any:
        def run(user: Any, item: Any, target: Any, key: Any, rate: Any) -> Any:
            """Mean over the epoch's batches, by their rows."""
            count = tf.shape(user)[0]

            def learn(rows: slice) -> Any:
                return self._learn(user[rows], item[rows], target[rows], (key, rows.start), rate)

            return self._over_batches(count, learn) / tf.cast(count, tf.float32)

        scalars = [tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.float32)]
        columns = [vector(tf.int32), vector(tf.int32), vector(tf.float32)]
        return tf.function(run, input_signature=columns + scalars, autograph=False)

    def _learn(self, user: Any, item: Any, target: Any, place: tuple[Any, Any], rate: Any) -> Any:
        """One step. Returns the loss before it times the rows. What is drawn depends on seed, epoch and batch alone, so
        a resumed fit draws the same."""
        key, start = place
        known = len(self._likes.users)
        drawn = tf.random.stateless_uniform([self._users_a_step], [key, 2 * start], 0, known, dtype=tf.int32)
        users = tf.gather(self._likes.users, drawn)
        candidates = (
            tf.range(self._num_items)
            if self._whole
            else tf.random.stateless_uniform(
                [self._ranking.candidates], [key, 2 * start + 1], 0, self._num_items, dtype=tf.int32
            )
        )
        rows = tf.shape(user)[0]
        rankers = self._share.of(tf.constant(self._users_a_step))
        users = rankers.of(users)
        part = self._share.of(rows)
        user, item, target = part.of(user), part.of(item), part.of(target)
        squared, penalty = tf.constant(0.0), tf.constant(0.0)
        with tf.GradientTape() as tape:
            if self._network.rating is not None:
                answer = self._network.rating([user, item], training=True)[:, 0]
                squared = part.mean(tf.square(answer - target))
                penalty = self._looked_up_penalty(user, item, part)
            ranked = rankers.mean(self._rank(users, self._likes, candidates))
            error = self._together(squared, ranked)
            loss = self._together(squared, ranked + self._penalty_of_users(users, rankers)) + penalty
        return self._descend(tape, loss, error, rate) * tf.cast(rows, tf.float32)

    def _rank(self, users: Any, likes: _Likes, candidates: Any) -> Any:
        """Ranking loss of each of these users, shape (n,)."""
        row, item, weight = likes.of(users)
        a = self._network.users(users)
        b, c = self._network.items(candidates)
        scores = tf.matmul(a, b, transpose_b=True) + c[:, 0]
        level = tf.gather(tf.reduce_logsumexp(scores, axis=1), row)
        if self._whole:
            own = tf.gather_nd(scores, tf.stack([row, tf.cast(item, row.dtype)], axis=1))
        else:
            b, c = self._network.items(item)
            own = tf.reduce_sum(tf.gather(a, row) * b, axis=1) + c[:, 0]
            level += math.log(self._num_items / self._ranking.candidates)
            level = tf.reduce_logsumexp(tf.stack([level, own]), axis=0)
        return tf.math.segment_sum(weight * (level - own), row)

    def _penalty_of_users(self, users: Any, part: Part) -> Any:
        """λ · mean over users of |a_u|² + Σᵢ w·|b_i|²: on the vectors that rank, as the heads could undo one on what
        they are made of."""
        _, item, weight = self._likes.of(users)
        a, (b, _) = self._network.users(users), self._network.items(tf.range(self._num_items))
        of_items = tf.reduce_sum(weight * tf.gather(tf.reduce_sum(tf.square(b), axis=1), item)) / self._users_a_step
        return self._ranking.penalty * (part.mean(tf.reduce_sum(tf.square(a), axis=1)) + of_items)
