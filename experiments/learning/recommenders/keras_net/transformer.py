"""A small transformer over histories in Keras; scorers/sequence.py is the same in NumPy.

Built of Keras's own layers alone, so that a saved file loads in safe mode anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.keras_net.backend import keras
from experiments.learning.recommenders.scorers.sequence import EPSILON, SequenceScorer

_EMBEDDING_DEVIATION = 0.02


@dataclass(frozen=True)
class TransformerSpec:
    """``causal``: a place looks at itself and what came before it. Else everywhere, and one token more hides items."""

    num_items: int
    length: int
    size: int
    blocks: int
    heads: int
    inner: int
    activation: str
    dropout: float
    causal: bool

    @property
    def vocabulary(self) -> int:
        return self.num_items + (1 if self.causal else 2)

    @property
    def hidden_token(self) -> int | None:
        """What stands in place of an item that is asked for; None where the next one is."""
        return None if self.causal else self.num_items + 1


@dataclass(frozen=True)
class Network:
    """``encoder``: tokens (batch, length) → (batch, length, d). ``model``: (user, item) → score (batch, 1)."""

    spec: TransformerSpec
    encoder: Any
    model: Any


def build(spec: TransformerSpec, histories: IntArray, popularity: FloatArray, *, seed: int) -> Network:
    """score = state(history of the user) · token of the item + bias of the item; popularity for users without one.

    ``histories`` (num_users, length) and ``popularity`` (num_items,) are part of the model, as frozen embeddings, so
    a saved file answers for codes alone. All weights start from ``seed``.
    """
    generator = np.random.default_rng([seed, 4])
    layers = keras.layers
    user = keras.Input((), dtype="int32", name="user")
    item = keras.Input((), dtype="int32", name="item")
    table = layers.Embedding(spec.vocabulary, spec.size, name="tokens")
    history = keras.ops.cast(_frozen("histories", histories)(user), "int32")
    states = _read(history, table, spec, generator)
    state = layers.Reshape((spec.size,), name="state")(layers.Cropping1D((spec.length - 1, 0), name="newest")(states))
    vector = table(layers.Rescaling(1.0, offset=1.0, name="token")(item))
    bias = layers.Embedding(spec.num_items, 1, embeddings_initializer="zeros", name="item_bias")(item)
    score = layers.Add(name="score")([layers.Dot(axes=1, name="inner_product")([state, vector]), bias])
    output = _or_popularity(score, user, item, histories, popularity)
    model = keras.Model([user, item], output, name="sequence")
    _start(model, generator)
    # The same layers without what looks up histories: windows go in there in training.
    return Network(spec, keras.Model(history, states, name="encoder"), model)


def _read(tokens: Any, table: Any, spec: TransformerSpec, generator: np.random.Generator) -> Any:
    """(batch, length) → (batch, length, d)"""
    layers, ops = keras.layers, keras.ops
    places = ops.cumsum(ops.ones_like(tokens), axis=1) - 1
    visible = ops.expand_dims(ops.not_equal(tokens, 0), 1)
    x = layers.Add(name="placed")([table(tokens), layers.Embedding(spec.length, spec.size, name="positions")(places)])
    x = _dropped(x, spec, generator, "dropout")
    for number in range(1, spec.blocks + 1):
        x = _block(x, visible, spec, generator, f"block_{number}")
    return _norm("final")(x)


def _block(x: Any, visible: Any, spec: TransformerSpec, generator: np.random.Generator, name: str) -> Any:
    layers = keras.layers
    attention = layers.MultiHeadAttention(
        spec.heads,
        max(1, spec.size // spec.heads),
        dropout=spec.dropout,
        seed=_draw(generator),
        name=f"{name}_attention",
    )
    normed = _norm(f"{name}_attention_norm")(x)
    found = attention(normed, normed, attention_mask=visible, use_causal_mask=spec.causal)
    x = layers.Add(name=f"{name}_attended")([x, _dropped(found, spec, generator, f"{name}_attention_dropout")])
    hidden = layers.Dense(spec.inner, spec.activation, name=f"{name}_inner")(_norm(f"{name}_inner_norm")(x))
    found = layers.Dense(spec.size, name=f"{name}_outer")(hidden)
    return layers.Add(name=name)([x, _dropped(found, spec, generator, f"{name}_inner_dropout")])


def _or_popularity(score: Any, user: Any, item: Any, histories: IntArray, popularity: FloatArray) -> Any:
    """``score`` of users with a history, the popularity of the item for others."""
    layers = keras.layers
    warm = (histories[:, -1:] != 0).astype(np.float32)
    known = layers.Multiply(name="of_known")([score, _frozen("is_known", warm)(user)])
    popular = _frozen("popularity", popularity[:, None])(item)
    others = layers.Multiply(name="of_others")([popular, _frozen("is_unknown", 1 - warm)(user)])
    return layers.Add(name="sum")([known, others])


def _norm(name: str) -> Any:
    return keras.layers.LayerNormalization(epsilon=EPSILON, name=name)


def _dropped(x: Any, spec: TransformerSpec, generator: np.random.Generator, name: str) -> Any:
    return keras.layers.Dropout(spec.dropout, seed=_draw(generator), name=name)(x) if spec.dropout else x


def _frozen(name: str, table: Any) -> Any:
    layer = keras.layers.Embedding(*table.shape, name=name, trainable=False)
    layer.build(())
    layer.set_weights([table.astype(np.float32)])
    return layer


def _start(model: Any, generator: np.random.Generator) -> None:
    """Embeddings normal around 0, kernels uniform as Glorot and Bengio (AISTATS 2010) draw them; the rest as it is.

    Drawn here, as one seed given to an attention layer would start its queries, keys and values alike.
    """
    for variable in model.trainable_variables:
        shape, name = tuple(variable.shape), variable.path.rsplit("/", 1)[-1]
        if name == "embeddings" and not variable.path.startswith("item_bias"):
            variable.assign(generator.normal(0, _EMBEDDING_DEVIATION, shape).astype(np.float32))
        elif name == "kernel":
            inputs = shape[0] if "attention_output" not in variable.path else shape[0] * shape[1]
            limit = np.sqrt(6 / (inputs + np.prod(shape) / inputs))
            variable.assign(generator.uniform(-limit, limit, shape).astype(np.float32))


def _draw(generator: np.random.Generator) -> int:
    return int(generator.integers(1 << 31))


def to_scorer(network: Network, histories: IntArray, popularity: FloatArray) -> SequenceScorer:
    """The weights as a NumPy scorer that answers what the model answers."""
    spec, model = network.spec, network.model
    values = {str(variable.path): variable.value.numpy() for variable in model.trainable_variables}
    arrays = {
        "histories": histories,
        "tokens": values["tokens/embeddings"],
        "positions": values["positions/embeddings"],
        "item_bias": values["item_bias/embeddings"][:, 0],
        "popularity": popularity,
        "final_scale": values["final/gamma"],
        "final_shift": values["final/beta"],
    }
    for number in range(1, spec.blocks + 1):
        block = f"block_{number}_"
        for norm in ("attention_norm", "inner_norm"):
            arrays[f"{block}{norm}_scale"] = values[f"{block}{norm}/gamma"]
            arrays[f"{block}{norm}_shift"] = values[f"{block}{norm}/beta"]
        for kind in ("kernel", "bias"):
            for part in ("query", "key", "value"):
                arrays[f"{block}{part}_{kind}"] = values[f"{block}attention/{part}/{kind}"]
            arrays[f"{block}output_{kind}"] = values[f"{block}attention/attention_output/{kind}"]
            for part in ("inner", "outer"):
                arrays[f"{block}{part}_{kind}"] = values[f"{block}{part}/{kind}"]
    return SequenceScorer(arrays, blocks=spec.blocks, causal=spec.causal, activation=spec.activation)
