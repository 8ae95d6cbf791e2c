"""Trains a Keras model an epoch at a time: the data lies in memory, and one epoch is one call into TensorFlow.

``model.fit`` returns to Python after every batch; here a whole epoch is a loop inside one ``tf.function``, and Adam
is TensorFlow's fused kernel, one operation a variable. The maths is that of ``keras.optimizers.Adam`` with its
defaults (Kingma, Ba, ICLR 2015) and of Keras's L2 regulariser; benchmarks/fit.py holds both side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.learning.data.interactions import FloatArray
from experiments.learning.recommenders.keras_net.adam import Adam
from experiments.learning.recommenders.keras_net.backend import tf
from experiments.learning.recommenders.keras_net.share import Part, own
from experiments.learning.recommenders.keras_net.shared_dropout import share_dropout
from experiments.learning.recommenders.keras_net.variables import KeepsVariables
from experiments.learning.recommenders.sampling import Rows, RowSource

_SCORED_AT_ONCE = 32_768
_EMBEDDINGS = ("user_embedding", "item_embedding")
_BIASES = ("user_bias", "item_bias")


@dataclass(frozen=True)
class Penalty:
    """L2 on embeddings.

    ``whole`` λ adds λ·Σw² over both embedding tables to every batch's loss, as Keras's regulariser does (F14).
    ``looked_up`` λ adds the batch mean of λ·(|p_u|² + |q_i|²): who rates more is held as tightly, rating for rating,
    as who rates less; ``looked_up_bias`` the same for the biases.
    """

    whole: float = 0.0
    looked_up: float = 0.0
    looked_up_bias: float = 0.0


class NetworkLearner(KeepsVariables):
    """The Learner (recommenders.loop) of a Keras model with inputs (user, item)."""

    def __init__(self, model: Any, rows: RowSource, *, batch_size: int, penalty: Penalty) -> None:
        self.model = model
        self._rows = rows
        self._penalty = penalty
        self._batch_size = batch_size
        self._share = own()
        share_dropout(model, self._share)
        self._weights = {_name(variable): variable.value for variable in model.trainable_variables}
        # Keras numbers random generators by how many this process has made, so their place in the model names them.
        generators = [variable for variable in model.non_trainable_variables if "seed_generator" in variable.path]
        self._random = {str(place): variable.value for place, variable in enumerate(generators)}
        self._adam = Adam(self._weights)
        self.total_parameters = sum(int(np.prod(value.shape)) for value in self._weights.values())
        self._run_epoch = self._compile_epoch()
        self._score = tf.function(self._forward, input_signature=[vector(tf.int32), vector(tf.int32)])

    def train_epoch(self, epoch: int, learning_rate: float | None) -> float:
        rows = self._rows.epoch(epoch)
        rate = tf.constant(learning_rate, tf.float32)
        return float(self._run_epoch(rows.user, rows.item, rows.target, rate))

    def validation_loss(self) -> float | None:
        rows = self._rows.validation
        if not len(rows):
            return None
        return float(np.mean((self.predict(rows).astype(np.float64) - rows.target) ** 2))

    def predict(self, rows: Rows) -> FloatArray:
        """The model's answers, shape (n,)."""
        parts = [
            self._score(rows.user[start : start + _SCORED_AT_ONCE], rows.item[start : start + _SCORED_AT_ONCE]).numpy()
            for start in range(0, len(rows), _SCORED_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _forward(self, user: Any, item: Any) -> Any:
        return self.model([user, item], training=False)[:, 0]

    def _compile_epoch(self) -> Any:
        def run(user: Any, item: Any, target: Any, rate: Any) -> Any:
            """Mean squared error over the epoch, each row counted as it was met."""
            count = tf.shape(user)[0]

            def learn(rows: slice) -> Any:
                return self._step(user[rows], item[rows], target[rows], rate)

            return self._over_batches(count, learn) / tf.cast(count, tf.float32)

        signature = [vector(tf.int32), vector(tf.int32), vector(tf.float32), tf.TensorSpec([], tf.float32)]
        return tf.function(run, input_signature=signature, autograph=False)

    def _over_batches(self, count: Any, learn: Callable[[slice], Any]) -> Any:
        """Sum of what ``learn`` returns for each batch of ``count`` rows, as a loop in the graph."""

        def batch(start: Any, total: Any) -> tuple[Any, Any]:
            stop = tf.minimum(start + self._batch_size, count)
            total += learn(slice(start, stop))
            return stop, total

        _, total = tf.while_loop(
            lambda start, _: start < count, batch, [tf.constant(0), tf.constant(0.0)], parallel_iterations=1
        )
        return total

    def _step(self, user: Any, item: Any, target: Any, rate: Any) -> Any:
        """One batch: gradients, Adam. Returns the sum of squared errors before the step."""
        rows = tf.shape(user)[0]
        part = self._share.of(rows)
        user, item, target = part.of(user), part.of(item), part.of(target)
        with tf.GradientTape() as tape:
            answer = self.model([user, item], training=True)[:, 0]
            error = part.mean(tf.square(answer - target))
            loss = error + self._looked_up_penalty(user, item, part)
        return self._descend(tape, loss, error, rate) * tf.cast(rows, tf.float32)

    def _descend(self, tape: Any, loss: Any, error: Any, rate: Any) -> Any:
        """A step of Adam on the loss and the penalty of whole tables. Returns the error of the whole batch."""
        found = tape.gradient(loss, list(self._weights.values()))
        gradients, (error,) = self._share.added(self._weights, found, error)
        self._adam.apply(
            {name: self._penalised(name, tf.convert_to_tensor(gradient)) for name, gradient in gradients.items()}, rate
        )
        return error

    def _penalised(self, name: str, gradient: Any) -> Any:
        if self._penalty.whole and name.split("/")[0] in _EMBEDDINGS:
            return gradient + 2 * self._penalty.whole * self._weights[name]
        return gradient

    def _looked_up_penalty(self, user: Any, item: Any, part: Part) -> Any:
        total = tf.constant(0.0)
        for tables, weight in ((_EMBEDDINGS, self._penalty.looked_up), (_BIASES, self._penalty.looked_up_bias)):
            for table, codes in zip(tables, (user, item), strict=True):
                if weight and f"{table}/embeddings" in self._weights:
                    rows = tf.gather(self._weights[f"{table}/embeddings"], codes)
                    total += weight * part.mean(tf.reduce_sum(tf.square(rows), axis=1))
        return total


def _name(variable: Any) -> str:
    """Layer and variable, without the model: ``user_embedding/embeddings``."""
    return str(variable.path)


def vector(dtype: Any) -> Any:
    """Signature of a one-dimensional input of any length."""
    return tf.TensorSpec([None], dtype)
