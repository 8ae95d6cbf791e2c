"""Two towers in Keras: what is known of a user, and of an item, to vectors that are multiplied.

    item tower  y = e + W₂·relu(W₁·[e, features])         e the item's embedding
    user tower  x = h + W₄·relu(W₃·[h, features])         h = Σ w·e / √Σ w² over what the user liked

W₂ and W₄ start at zero, so both towers begin as e and h, and features are heard as far as they help. Users have no
embedding of their own, which over-fits: who is not in training is answered by features and, where there is one,
history. Embeddings of items without training rows start, and stay, at zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.base import TrainingData
from experiments.learning.recommenders.keras_net.backend import keras, tf

_INITIAL_SCALE = 0.1


@dataclass(frozen=True)
class TowerSpec:
    """Lengths of the vectors and of the hidden layers."""

    embedding_dim: int
    hidden_units: int


@dataclass(frozen=True)
class Towers:
    """The layers of both towers, and the features that they look up, (num_users, a) and (num_items, b)."""

    item_embedding: Any
    user_tower: Any
    item_tower: Any
    user_features: Any
    item_features: Any

    def trainable(self) -> dict[str, Any]:
        """TensorFlow variables by layer and name."""
        parts = (self.item_embedding, self.user_tower, self.item_tower)
        return {str(variable.path): variable.value for part in parts for variable in part.trainable_variables}

    def users(self, codes: Any, histories: Any) -> Any:
        """Vectors of these users, shape (n, d), whose histories are given, (n, d)."""
        return self.user_tower(_inputs(tf.convert_to_tensor(histories), tf.gather(self.user_features, codes)))

    def items(self, codes: Any) -> Any:
        """Vectors of these items, shape (n, d)."""
        return self.item_tower(_inputs(self.item_embedding(codes), tf.gather(self.item_features, codes)))

    def serving_model(self, histories: FloatArray, item_bias: FloatArray) -> Any:
        """A keras.Model of (user code, item code) → score, (batch, 1), with histories and features inside it.

        ``histories`` (num_users, d), ``item_bias`` (num_items,).
        """
        layers = keras.layers
        user, item = (keras.Input((), dtype="int32", name=name) for name in ("user", "item"))
        vectors = _table("user_history", histories, trainable=False)
        x = self.user_tower(_looked_up(vectors(user), "user_features", self.user_features, user))
        y = self.item_tower(_looked_up(self.item_embedding(item), "item_features", self.item_features, item))
        product = layers.Dot(axes=1, name="inner_product")([x, y])
        bias = _table("item_bias", item_bias[:, None], trainable=False)(item)
        return keras.Model([user, item], layers.Add(name="score")([product, bias]), name="two_tower")


def build(spec: TowerSpec, data: TrainingData, *, seed: int) -> Towers:
    """Towers whose start follows from ``seed``."""
    generator = np.random.default_rng([seed, 4])
    return Towers(
        item_embedding=_table("item_embedding", _start(data.train.item, data.num_items, spec.embedding_dim, generator)),
        user_tower=_tower("user", spec, data.user_features.shape[1], generator),
        item_tower=_tower("item", spec, data.item_features.shape[1], generator),
        user_features=tf.constant(data.user_features, tf.float32),
        item_features=tf.constant(data.item_features, tf.float32),
    )


def _start(codes: IntArray, count: int, size: int, generator: np.random.Generator) -> FloatArray:
    """Normal start, shape (count, size); zero for codes that training does not hold."""
    table = generator.normal(0, _INITIAL_SCALE, (count, size)).astype(np.float32)
    table[np.bincount(codes, minlength=count) == 0] = 0
    return table


def _tower(side: str, spec: TowerSpec, features: int, generator: np.random.Generator) -> Any:
    layers = keras.layers
    vector = keras.Input((spec.embedding_dim,), name=f"{side}_vector_input")
    inputs = [vector, keras.Input((features,), name=f"{side}_features_input")] if features else [vector]
    known = layers.Concatenate(name=f"{side}_known")(inputs) if features else vector
    start = keras.initializers.GlorotUniform(seed=int(generator.integers(1 << 31)))
    hidden = layers.Dense(spec.hidden_units, "relu", kernel_initializer=start, name=f"{side}_dense_1")(known)
    change = layers.Dense(spec.embedding_dim, use_bias=False, kernel_initializer="zeros", name=f"{side}_dense_2")(
        hidden
    )
    return keras.Model(inputs, layers.Add(name=f"{side}_sum")([vector, change]), name=f"{side}_tower")


def _inputs(vectors: Any, features: Any) -> list[Any]:
    """What a tower is called with; Keras has no inputs without columns."""
    return [vectors, features] if features.shape[1] else [vectors]


def _looked_up(vectors: Any, name: str, features: Any, codes: Any) -> list[Any]:
    """As :func:`_inputs`, with the features of ``codes`` from a table inside the model."""
    if not features.shape[1]:
        return [vectors]
    return [vectors, _table(name, features.numpy(), trainable=False)(codes)]


def _table(name: str, table: FloatArray, *, trainable: bool = True) -> Any:
    layer = keras.layers.Embedding(*table.shape, name=name, trainable=trainable)
    layer.build(())
    layer.set_weights([table])
    return layer
