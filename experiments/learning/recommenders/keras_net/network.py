"""The hybrid network of F14 as a Keras model of (user code, item code) → rating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.learning.data.interactions import FloatArray
from experiments.learning.recommenders.base import TrainingData
from experiments.learning.recommenders.keras_net.backend import keras
from experiments.learning.recommenders.scorers.network import NetworkScorer

_EMBEDDING_RANGE = 0.05
"""Keras's own default: uniform in ±0.05."""


@dataclass(frozen=True)
class NetworkSpec:
    """``offset`` is added to every answer: the mean target where ratings are centred, else 0."""

    embedding_dim: int
    hidden: tuple[int, int] = (128, 64)
    biases: bool = False
    offset: float = 0.0
    dropout: float = 0.0


def build(spec: NetworkSpec, data: TrainingData, *, seed: int) -> Any:
    """A keras.Model with inputs ``user`` and ``item``, int32 of shape (batch,), and output (batch, 1).

    output = p_u · q_i + Dense(1)(relu(Dense 64)(relu(Dense 128)([p_u, q_i, item features, user features])))
    and, with ``biases``, + b_u + b_i + offset. Feature matrices are part of the model, as frozen embeddings, so a
    saved file answers for codes alone. Embeddings of users and items without training rows start, and therefore
    stay, at zero.
    """
    layers = keras.layers
    generator = np.random.default_rng([seed, 4])
    user = keras.Input((), dtype="int32", name="user")
    item = keras.Input((), dtype="int32", name="item")
    p = embedding("user_embedding", _initial(data.train.user, data.num_users, spec, generator))(user)
    q = embedding("item_embedding", _initial(data.train.item, data.num_items, spec, generator))(item)
    inputs = [p, q]
    if data.item_features.shape[1]:
        inputs.append(embedding("item_features", data.item_features, trainable=False)(item))
    if data.user_features.shape[1]:
        inputs.append(embedding("user_features", data.user_features, trainable=False)(user))
    parts = [layers.Dot(axes=1, name="inner_product")([p, q]), _tower(layers.Concatenate()(inputs), spec, generator)]
    if spec.biases:
        parts.append(embedding("user_bias", np.zeros((data.num_users, 1), np.float32))(user))
        parts.append(embedding("item_bias", np.zeros((data.num_items, 1), np.float32))(item))
    output = layers.Add(name="sum")(parts)
    if spec.offset:
        output = layers.Rescaling(1.0, offset=spec.offset, name="offset")(output)
    return keras.Model([user, item], output, name="hybrid")


def _initial(codes: Any, count: int, spec: NetworkSpec, generator: np.random.Generator) -> FloatArray:
    """Uniform start, shape (count, embedding_dim); zero for codes that training does not hold."""
    table = generator.uniform(-_EMBEDDING_RANGE, _EMBEDDING_RANGE, (count, spec.embedding_dim)).astype(np.float32)
    table[np.bincount(codes, minlength=count) == 0] = 0
    return table


def embedding(name: str, table: FloatArray, *, trainable: bool = True) -> Any:
    layer = keras.layers.Embedding(*table.shape, name=name, trainable=trainable)
    layer.build(())
    layer.set_weights([table])
    return layer


def _tower(x: Any, spec: NetworkSpec, generator: np.random.Generator) -> Any:
    layers = keras.layers
    for number, width in enumerate(spec.hidden, 1):
        x = layers.Dense(width, "relu", kernel_initializer=glorot(generator), name=f"dense_{number}")(x)
        if spec.dropout:
            x = layers.Dropout(spec.dropout, seed=_draw(generator), name=f"dropout_{number}")(x)
    return layers.Dense(1, kernel_initializer=glorot(generator), name="output")(x)


def glorot(generator: np.random.Generator) -> Any:
    return keras.initializers.GlorotUniform(seed=_draw(generator))


def _draw(generator: np.random.Generator) -> int:
    return int(generator.integers(1 << 31))


def to_scorer(model: Any, spec: NetworkSpec, data: TrainingData) -> NetworkScorer:
    """The model's weights as a NumPy scorer that answers what the model answers."""

    def table(name: str) -> FloatArray:
        return np.array(model.get_layer(name).get_weights()[0], np.float32)

    arrays: dict[str, FloatArray] = {
        "user_embedding": table("user_embedding"),
        "item_embedding": table("item_embedding"),
        "user_features": data.user_features.astype(np.float32),
        "item_features": data.item_features.astype(np.float32),
        "user_bias": table("user_bias")[:, 0] if spec.biases else np.zeros(data.num_users, np.float32),
        "item_bias": table("item_bias")[:, 0] if spec.biases else np.zeros(data.num_items, np.float32),
    }
    for name in ("dense_1", "dense_2", "output"):
        kernel, bias = model.get_layer(name).get_weights()
        arrays |= {f"{name}_kernel": kernel, f"{name}_bias": bias}
    return NetworkScorer(arrays, offset=spec.offset)
