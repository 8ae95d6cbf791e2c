"""Trains a transformer over histories by softmax cross-entropy over all items; one epoch is one call into TensorFlow.

Sampled negatives, as in the first SASRec and in many copies of BERT4Rec, make these models overconfident and much
worse (Petrov, Macdonald, RecSys 2022 and 2023), so every item is in the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.base import Fold
from experiments.learning.recommenders.keras_net.adam import Adam
from experiments.learning.recommenders.keras_net.backend import tf
from experiments.learning.recommenders.keras_net.share import own
from experiments.learning.recommenders.keras_net.shared_dropout import share_dropout
from experiments.learning.recommenders.keras_net.transformer import Network, to_scorer
from experiments.learning.recommenders.keras_net.variables import KeepsVariables
from experiments.learning.recommenders.scorers.sequence import SequenceScorer
from experiments.learning.recommenders.sequences import Windows

_SHUFFLE, _WINDOWS = 0, 1
_USERS_AT_ONCE = 512

DrawWindows = Callable[[np.random.Generator], Windows]


class SequenceLearner(KeepsVariables):
    """The Learner (recommenders.loop) of a transformer; ``windows`` draws what an epoch learns from."""

    def __init__(
        self,
        network: Network,
        windows: DrawWindows,
        *,
        histories: IntArray,
        popularity: FloatArray,
        validation: Fold,
        batch_size: int,
        seed: int,
    ) -> None:
        self._network, self._windows, self._seed = network, windows, seed
        self._histories, self._popularity = histories, popularity
        known = histories[validation.user, -1] != 0
        self._validation = Fold(validation.user[known], validation.item[known], validation.value[known])
        self._batch_size = batch_size
        self._weights = {str(variable.path): variable.value for variable in network.model.trainable_variables}
        # Keras numbers random generators by how many this process has made, so their place in the model names them.
        generators = [one for one in network.encoder.non_trainable_variables if "seed_generator" in one.path]
        self._share = own()
        share_dropout(network.encoder, self._share)
        self._random = {str(place): variable.value for place, variable in enumerate(generators)}
        self._adam = Adam(self._weights)
        self.total_parameters = sum(int(np.prod(value.shape)) for value in self._weights.values())
        self._run_epoch = self._compile_epoch()

    def train_epoch(self, epoch: int, learning_rate: float | None) -> float:
        """Weighted mean of −ln share over everything asked for; 0 where nobody has two items."""
        drawn = self._windows(np.random.default_rng([self._seed, _WINDOWS, epoch]))
        drawn = drawn.shuffled(np.random.default_rng([self._seed, _SHUFFLE, epoch]))
        weight = float(drawn.weights.sum(dtype=np.float64))
        if not weight:
            return 0.0
        rate = tf.constant(learning_rate, tf.float32)
        return float(self._run_epoch(drawn.tokens, drawn.targets, drawn.weights, rate)) / weight

    def validation_loss(self) -> float | None:
        """Weighted mean of −ln share of the validation items, their users' histories being the training part."""
        fold = self._validation
        weight = fold.value.astype(np.float64)
        if not weight.sum():
            return None
        scorer, losses = self.scorer(), np.empty(len(fold))
        users, row = np.unique(fold.user, return_inverse=True)
        for start in range(0, len(users), _USERS_AT_ONCE):
            part = (row >= start) & (row < start + _USERS_AT_ONCE)
            scores = scorer.score_block(users[start : start + _USERS_AT_ONCE]).astype(np.float64)
            sums = np.logaddexp.reduce(scores, axis=1)
            losses[part] = sums[row[part] - start] - scores[row[part] - start, fold.item[part]]
        return float(np.average(losses, weights=weight))

    def scorer(self) -> SequenceScorer:
        return to_scorer(self._network, self._histories, self._popularity)

    def _compile_epoch(self) -> Any:
        def run(tokens: Any, targets: Any, weights: Any, rate: Any) -> Any:
            """Sum of weight · loss over the epoch, each target counted as it was met."""
            count = tf.shape(tokens)[0]

            def batch(start: Any, total: Any) -> tuple[Any, Any]:
                stop = tf.minimum(start + self._batch_size, count)
                total += self._step(tokens[start:stop], targets[start:stop], weights[start:stop], rate)
                return stop, total

            _, total = tf.while_loop(
                lambda start, _: start < count, batch, [tf.constant(0), tf.constant(0.0)], parallel_iterations=1
            )
            return total

        length = self._network.spec.length
        rows = [tf.TensorSpec([None, length], dtype) for dtype in (tf.int32, tf.int32, tf.float32)]
        return tf.function(run, input_signature=[*rows, tf.TensorSpec([], tf.float32)], autograph=False)

    def _step(self, tokens: Any, targets: Any, weights: Any, rate: Any) -> Any:
        """One batch: gradients, Adam. Returns the weighted sum of the losses before the step."""
        whole = tf.reduce_sum(tf.boolean_mask(weights, targets > 0))
        part = self._share.of(tf.shape(tokens)[0])
        tokens, targets, weights = part.of(tokens), part.of(targets), part.of(weights)
        asked = tf.where(targets > 0)
        wanted, weight = tf.gather_nd(targets, asked) - 1, tf.gather_nd(weights, asked)
        with tf.GradientTape() as tape:
            states = tf.gather_nd(self._network.encoder(tokens, training=True), asked)
            vectors = self._weights["tokens/embeddings"][1 : self._network.spec.num_items + 1]
            logits = tf.matmul(states, vectors, transpose_b=True) + self._weights["item_bias/embeddings"][:, 0]
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=wanted, logits=logits)
            total = tf.reduce_sum(weight * losses)
            mean = total / tf.maximum(whole, 1e-6)
        found = tape.gradient(mean, list(self._weights.values()))
        gradients, (total,) = self._share.added(self._weights, found, total)
        self._adam.apply(gradients, rate)
        return total
