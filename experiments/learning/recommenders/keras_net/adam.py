"""Adam inside a ``tf.function``: TensorFlow's fused kernel, one operation a variable.

The maths is that of ``keras.optimizers.Adam`` with its defaults (Kingma, Ba, ICLR 2015).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.learning.recommenders.keras_net.backend import tf

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
RECORD = {"name": "Adam", "beta_1": BETA_1, "beta_2": BETA_2, "epsilon": EPSILON}
"""What a run says of its optimiser."""


class Adam:
    """Moments of the named variables; ``variables()`` is what a checkpoint has to keep."""

    def __init__(self, weights: Mapping[str, Any]) -> None:
        self._weights = weights
        self._first = {name: tf.Variable(tf.zeros_like(value)) for name, value in weights.items()}
        self._second = {name: tf.Variable(tf.zeros_like(value)) for name, value in weights.items()}
        self._powers = tf.Variable([1.0, 1.0])

    def apply(self, gradients: Mapping[str, Any], rate: Any) -> None:
        """One step of size ``rate``; gradients by the names of the variables, of their shapes."""
        powers = self._powers * tf.constant([BETA_1, BETA_2])
        self._powers.assign(powers)
        for name, gradient in gradients.items():
            tf.raw_ops.ResourceApplyAdam(
                var=self._weights[name].handle,
                m=self._first[name].handle,
                v=self._second[name].handle,
                beta1_power=powers[0],
                beta2_power=powers[1],
                lr=rate,
                beta1=BETA_1,
                beta2=BETA_2,
                epsilon=EPSILON,
                grad=tf.convert_to_tensor(gradient),
            )

    def variables(self) -> dict[str, Any]:
        """Everything that the next step depends on, by a name that lasts."""
        found = {f"adam_first/{name}": value for name, value in self._first.items()}
        found |= {f"adam_second/{name}": value for name, value in self._second.items()}
        return found | {"adam_powers": self._powers}
