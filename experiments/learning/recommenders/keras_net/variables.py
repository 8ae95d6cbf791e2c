"""What a learner keeps between epochs: its weights, its optimiser's moments, its random generators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.learning.recommenders.checkpoint import Arrays
from experiments.learning.recommenders.keras_net.adam import Adam


class KeepsVariables:
    """The part of a Learner that reads and writes variables by name; a subclass sets them."""

    _weights: Mapping[str, Any]
    _adam: Adam
    _random: Mapping[str, Any] = {}
    """None where nothing is drawn within the graph."""

    def weights(self) -> Arrays:
        return {name: value.numpy() for name, value in self._weights.items()}

    def set_weights(self, weights: Arrays) -> None:
        for name, value in self._weights.items():
            value.assign(weights[name])

    def state(self) -> Arrays:
        return {name: value.numpy() for name, value in self._state_variables().items()}

    def restore(self, state: Arrays) -> None:
        for name, value in self._state_variables().items():
            value.assign(state[name])

    def _state_variables(self) -> dict[str, Any]:
        found = {f"weight/{name}": value for name, value in self._weights.items()}
        found |= {f"random/{name}": value for name, value in self._random.items()}
        return found | self._adam.variables()
