"""Trains two towers an epoch at a time: one epoch is one call into TensorFlow, as in keras_net/learner.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.learning.data.interactions import FloatArray
from experiments.learning.recommenders.base import TrainingData
from experiments.learning.recommenders.keras_net import in_batch_softmax
from experiments.learning.recommenders.keras_net.adam import Adam
from experiments.learning.recommenders.keras_net.backend import tf
from experiments.learning.recommenders.keras_net.liked_histories import LikedHistories
from experiments.learning.recommenders.keras_net.share import Part, own
from experiments.learning.recommenders.keras_net.towers import Towers
from experiments.learning.recommenders.keras_net.variables import KeepsVariables
from experiments.learning.recommenders.matrices import mean_matrix
from experiments.learning.recommenders.sampled_softmax import Competitors, mean_loss
from experiments.learning.recommenders.scorers.factors import FactorScorer

_SHUFFLE, _VALIDATION, _DROPOUT = 0, 2, 5
_USERS_AT_ONCE = 4096
_UNSEEN = 0.5
"""How many liked pairs an item without any counts as, where its popularity is asked for."""


@dataclass(frozen=True)
class RetrievalSettings:
    """``popularity`` is for scores alone, see recommenders/two_tower.py; ``regularization`` λ adds λ times the mean
    squared length of a batch's vectors, of users and of items, to its loss."""

    batch_size: int
    regularization: float
    history_dropout: float
    popularity: float
    seed: int


class RetrievalLearner(KeepsVariables):
    """The Learner (recommenders.loop) of two towers."""

    def __init__(self, towers: Towers, data: TrainingData, settings: RetrievalSettings) -> None:
        """``data``: implicit, values are weights; see :mod:`positives`. Doubled pairs become one of their mean."""
        self._towers, self._settings = towers, settings
        self._num_users, self._num_items = data.num_users, data.num_items
        pairs = data.train
        liked = mean_matrix(pairs.user, pairs.item, pairs.value.astype(np.float64), (data.num_users, data.num_items))
        self._pairs = LikedHistories(liked)
        times = np.bincount(liked.indices, minlength=data.num_items)
        self._log_q = np.log(np.maximum(times, _UNSEEN) / len(self._pairs)).astype(np.float32)
        self._validation = data.validation
        self._competitors = Competitors.drawn(
            liked.indices, settings.batch_size - 1, np.random.default_rng([settings.seed, _VALIDATION])
        )
        self._dropout_seed = int(np.random.default_rng([settings.seed, _DROPOUT]).integers(1 << 30))
        self._share = own()
        self._weights = towers.trainable()
        self._adam = Adam(self._weights)
        self.total_parameters = sum(int(np.prod(value.shape)) for value in self._weights.values())
        self._run_epoch = self._compile_epoch()

    def train_epoch(self, epoch: int, learning_rate: float | None) -> float:
        """Every liked pair once, in shuffled order; the weighted mean of the losses met."""
        order = np.random.default_rng([self._settings.seed, _SHUFFLE, epoch]).permutation(len(self._pairs))
        return float(self._run_epoch(order.astype(np.int32), epoch, tf.constant(learning_rate, tf.float32)))

    def validation_loss(self) -> float | None:
        """The same loss of the validation pairs, each against as many candidates as a full batch has, drawn once."""
        if not self._validation.value.sum(dtype=np.float64):
            return None
        return mean_loss(self._validation, self._user_vectors(), self._item_vectors(), self._competitors)

    def _compile_epoch(self) -> Any:
        size = self._settings.batch_size

        def run(order: Any, epoch: Any, rate: Any) -> Any:
            count = tf.shape(order)[0]

            def batch(start: Any, total: Any, weight: Any) -> tuple[Any, Any, Any]:
                stop = tf.minimum(start + size, count)
                # A seed of its own for every batch of every epoch: dropout needs no state that a resume would lose.
                seed = tf.stack([self._dropout_seed + epoch, start])
                loss, weights = self._step(order[start:stop], seed, rate)
                return stop, total + loss, weight + weights

            nothing = [tf.constant(0), tf.constant(0.0), tf.constant(0.0)]
            _, total, weight = tf.while_loop(lambda start, *_: start < count, batch, nothing, parallel_iterations=1)
            return total / weight

        signature = [tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.float32)]
        return tf.function(run, input_signature=signature, autograph=False)

    def _step(self, pairs: Any, seed: Any, rate: Any) -> tuple[Any, Any]:
        """One batch: gradients, Adam. (Weighted sum of the losses before the step, sum of the weights)."""
        weight = tf.gather(self._pairs.weight, pairs)
        whole = tf.reduce_sum(weight)
        part = self._share.of(tf.shape(pairs)[0])
        with tf.GradientTape() as tape:
            losses, penalty = self._losses(pairs, seed, part)
            total = tf.reduce_sum(part.of(weight) * losses)
            objective = total / whole + self._settings.regularization * penalty
        found = tape.gradient(objective, list(self._weights.values()))
        gradients, (total,) = self._share.added(self._weights, found, total)
        self._adam.apply(gradients, rate)
        return total, whole

    def _losses(self, pairs: Any, seed: Any, part: Part) -> tuple[Any, Any]:
        """Losses of this part's pairs, and its part of the mean squared length of the vectors of users plus items.

        The items of the whole batch are candidates for every pair, so each process has the vectors of all of them.
        """
        user, item = tf.gather(self._pairs.user, pairs), tf.gather(self._pairs.item, pairs)
        found = in_batch_softmax.candidates(item)
        liked = self._pairs.likes(user, found.items, num_items=self._num_items)
        table = tf.convert_to_tensor(self._towers.item_embedding.embeddings)
        histories = self._pairs.without_own(pairs, table, dropout=self._settings.history_dropout, seed=seed)
        x = self._towers.users(part.of(user), part.of(histories))
        y = self._towers.items(found.items)
        log_q = tf.gather(self._log_q, found.items)
        own_pairs = found._replace(own=part.of(found.own))
        scores = tf.matmul(x, y, transpose_b=True) + log_q
        losses = in_batch_softmax.losses(scores, own_pairs, log_q, part.of(liked))
        lengths = tf.reduce_sum(found.times * tf.reduce_sum(y**2, axis=1)) / tf.reduce_sum(found.times)
        return losses, part.mean(tf.reduce_sum(x**2, axis=1)) + lengths / self._share.size

    def _histories(self) -> FloatArray:
        """What every user liked, shape (num_users, d)."""
        table = tf.convert_to_tensor(self._towers.item_embedding.embeddings)
        starts = range(0, self._num_users, _USERS_AT_ONCE)
        blocks = [tf.range(start, min(start + _USERS_AT_ONCE, self._num_users)) for start in starts]
        return np.concatenate([self._pairs.of_users(users, table).numpy() for users in blocks])

    def _user_vectors(self) -> FloatArray:
        vectors: FloatArray = self._towers.users(tf.range(self._num_users), self._histories()).numpy()
        return vectors

    def _item_vectors(self) -> FloatArray:
        vectors: FloatArray = self._towers.items(tf.range(self._num_items)).numpy()
        return vectors

    def _item_bias(self) -> FloatArray:
        return np.float32(self._settings.popularity) * self._log_q

    def scorer(self) -> FactorScorer:
        """Each tower answers once for all its users or items; what is left is a product."""
        return FactorScorer(
            user_factors=self._user_vectors(),
            item_factors=self._item_vectors(),
            user_bias=np.zeros(self._num_users, np.float32),
            item_bias=self._item_bias(),
            offset=0.0,
        )

    def serving_model(self) -> Any:
        """The keras.Model that answers as :meth:`scorer` does."""
        return self._towers.serving_model(self._histories(), self._item_bias())
