"""A small transformer over the stored history of each user, in NumPy; keras_net/transformer.py is the same in Keras.

Blocks normalise first and add what they find to what they got (pre-norm, Xiong et al., ICML 2020); attention is
softmax(QKᵀ/√k)V over the items that a place may look at (Vaswani et al., NeurIPS 2017). Only the last place answers, so
in the last block no other one asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from experiments.learning.data.interactions import FloatArray, IntArray
from experiments.learning.recommenders.blas import one_thread
from experiments.learning.recommenders.scorers.errors import (
    ScorerError,
    require_codes,
    require_finite,
    require_pairs,
    require_shape,
)

EPSILON = 1e-6
"""Added to variances before the root is taken; Keras is given the same."""
_NUMBERS_AT_ONCE = 1 << 21
"""Floats of the widest intermediate result, 8 MiB."""
_PAIRS_AT_ONCE = 65_536


def _relu(x: FloatArray) -> FloatArray:
    return np.maximum(x, 0)


def _gelu(x: FloatArray) -> FloatArray:
    """x·Φ(x), Φ being the normal distribution's (Hendrycks, Gimpel, 2016)."""
    curved: FloatArray = (x * np.float32(0.5) * (1 + erf(x * np.float32(np.sqrt(0.5))))).astype(np.float32)
    return curved


ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {"relu": _relu, "gelu": _gelu}


class SequenceScorer:
    """``histories`` (num_users, length): tokens, newest last, 0 is padding, t is item t − 1.

    ``tokens`` (num_items + 1 or + 2, d), ``positions`` (length, d), ``item_bias`` and ``popularity`` (num_items,),
    ``final_scale`` and ``final_shift`` (d,); of each block b the arrays in BLOCK_FIELDS as ``block_b_…`` with kernels
    (d, heads, k), (heads, k, d), (d, f), (f, d). Users without a history get ``popularity`` as their scores.
    """

    KIND = "sequence"
    FIELDS = ("histories", "tokens", "positions", "item_bias", "popularity", "final_scale", "final_shift")
    BLOCK_FIELDS = (
        "attention_norm_scale",
        "attention_norm_shift",
        "query_kernel",
        "query_bias",
        "key_kernel",
        "key_bias",
        "value_kernel",
        "value_bias",
        "output_kernel",
        "output_bias",
        "inner_norm_scale",
        "inner_norm_shift",
        "inner_kernel",
        "inner_bias",
        "outer_kernel",
        "outer_bias",
    )

    def __init__(self, arrays: Mapping[str, NDArray[Any]], *, blocks: int, causal: bool, activation: str) -> None:
        if activation not in ACTIVATIONS:
            raise ScorerError(f"activation is {activation!r}; accepted: {', '.join(ACTIVATIONS)}.")
        self._names = [*self.FIELDS, *(f"block_{b}_{name}" for b in range(1, blocks + 1) for name in self.BLOCK_FIELDS)]
        self._arrays = {name: arrays[name] for name in self._names}
        for name, array in self._arrays.items():
            require_finite(name, array)
        self.blocks, self.causal, self.activation = blocks, causal, activation
        self._require_shapes()
        self.histories: IntArray = self._arrays["histories"]
        self.popularity: FloatArray = self._arrays["popularity"]
        self.num_users, self.num_items = len(self.histories), len(self.popularity)
        require_codes("histories", self.histories.ravel(), len(self._arrays["tokens"]))

    def _require_shapes(self) -> None:
        a = self._arrays
        require_shape("tokens", a["tokens"], (None, None))
        size = a["tokens"].shape[1]
        require_shape("histories", a["histories"], (None, None))
        require_shape("positions", a["positions"], (a["histories"].shape[1], size))
        require_shape("popularity", a["popularity"], (None,))
        items = len(a["popularity"])
        require_shape("item_bias", a["item_bias"], (items,))
        if len(a["tokens"]) not in (items + 1, items + 2):
            raise ScorerError(f"tokens has {len(a['tokens'])} rows; accepted: {items + 1} or {items + 2}.")
        for name in ("final_scale", "final_shift"):
            require_shape(name, a[name], (size,))
        for number in range(1, self.blocks + 1):
            self._require_block(f"block_{number}_", size)

    def _require_block(self, prefix: str, size: int) -> None:
        block = {name: self._arrays[prefix + name] for name in self.BLOCK_FIELDS}
        require_shape(f"{prefix}query_kernel", block["query_kernel"], (size, None, None))
        require_shape(f"{prefix}inner_kernel", block["inner_kernel"], (size, None))
        _, heads, width = block["query_kernel"].shape
        inner = block["inner_kernel"].shape[1]
        wanted: dict[str, tuple[int | None, ...]] = {name: (size,) for name in self.BLOCK_FIELDS if "norm" in name}
        wanted |= {f"{part}_kernel": (size, heads, width) for part in ("key", "value")}
        wanted |= {f"{part}_bias": (heads, width) for part in ("query", "key", "value")}
        wanted |= {"output_kernel": (heads, width, size), "output_bias": (size,), "inner_bias": (inner,)}
        wanted |= {"outer_kernel": (inner, size), "outer_bias": (size,)}
        for name, shape in wanted.items():
            require_shape(f"{prefix}{name}", block[name], shape)

    def score_block(self, users: IntArray) -> FloatArray:
        require_codes("users", users, self.num_users)
        scores: FloatArray = self.states(users) @ self._arrays["tokens"][1 : self.num_items + 1].T
        scores += self._arrays["item_bias"]
        scores[self._cold(users)] = self.popularity
        return scores

    def score_pairs(self, users: IntArray, items: IntArray) -> FloatArray:
        """Each user's history is read once, however many of their items are asked about."""
        require_pairs(users, items, self.num_users, self.num_items)
        distinct, row = np.unique(users, return_inverse=True)
        states = self.states(distinct)
        scores = np.empty(len(users), np.float32)
        for start in range(0, len(users), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            vectors = self._arrays["tokens"][items[part] + 1]
            scores[part] = np.einsum("nd,nd->n", states[row[part]], vectors) + self._arrays["item_bias"][items[part]]
        cold = self._cold(users)
        scores[cold] = self.popularity[items[cold]]
        return scores

    def _cold(self, users: IntArray) -> NDArray[np.bool_]:
        """Who has no history, shape (len(users),)."""
        cold: NDArray[np.bool_] = self.histories[users, -1] == 0
        return cold

    def states(self, users: IntArray) -> FloatArray:
        """What the network makes of each history, shape (len(users), d); a bounded number of users at a time."""
        length = self.histories.shape[1]
        size = self._arrays["tokens"].shape[1]
        widest = max(size, *(self._widest(number, length) for number in range(1, self.blocks + 1)))
        at_once = max(1, _NUMBERS_AT_ONCE // (length * widest))
        found = np.empty((len(users), size), np.float32)
        with one_thread():
            for start in range(0, len(users), at_once):
                found[start : start + at_once] = self._read(self.histories[users[start : start + at_once]])
        return found

    def _widest(self, number: int, length: int) -> int:
        heads = self._arrays[f"block_{number}_query_kernel"].shape[1]
        return max(int(heads) * length, int(self._arrays[f"block_{number}_inner_kernel"].shape[1]))

    def _read(self, tokens: IntArray) -> FloatArray:
        x: FloatArray = self._arrays["tokens"][tokens] + self._arrays["positions"]
        visible = (tokens != 0)[:, None, None, :]
        if self.causal:
            visible = visible & np.tri(tokens.shape[1], dtype=np.bool_)
        for number in range(1, self.blocks + 1):
            asking = slice(-1, None) if number == self.blocks else slice(None)
            x = self._block(number, x, visible, asking)
        return _normalised(x[:, -1], self._arrays["final_scale"], self._arrays["final_shift"])

    def _block(self, number: int, x: FloatArray, visible: NDArray[np.bool_], asking: slice) -> FloatArray:
        """One block of ``x`` (n, length, d) for the places ``asking``; (n, places, d)."""
        a = {name: self._arrays[f"block_{number}_{name}"] for name in self.BLOCK_FIELDS}
        normed = _normalised(x, a["attention_norm_scale"], a["attention_norm_shift"])
        x = x[:, asking] + _attention(normed, a, visible[:, :, asking] if visible.shape[2] > 1 else visible, asking)
        normed = _normalised(x, a["inner_norm_scale"], a["inner_norm_shift"])
        hidden = ACTIVATIONS[self.activation](normed @ a["inner_kernel"] + a["inner_bias"])
        x += hidden @ a["outer_kernel"] + a["outer_bias"]
        return x

    def arrays(self) -> dict[str, NDArray[Any]]:
        return dict(self._arrays)

    def config(self) -> dict[str, Any]:
        return {"kind": self.KIND, "blocks": self.blocks, "causal": self.causal, "activation": self.activation}

    @classmethod
    def load(cls, arrays: Mapping[str, NDArray[Any]], config: Mapping[str, Any]) -> SequenceScorer:
        return cls(
            arrays,
            blocks=int(config["blocks"]),
            causal=bool(config["causal"]),
            activation=str(config["activation"]),
        )


def _normalised(x: FloatArray, scale: FloatArray, shift: FloatArray) -> FloatArray:
    """Each vector with mean 0 and variance 1, scaled and shifted (layer normalisation, Ba, Kiros, Hinton, 2016)."""
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = np.square(centred).mean(axis=-1, keepdims=True)
    normed: FloatArray = centred / np.sqrt(variance + np.float32(EPSILON)) * scale + shift
    return normed


def _attention(x: FloatArray, a: Mapping[str, FloatArray], visible: NDArray[np.bool_], asking: slice) -> FloatArray:
    """What the places ``asking`` find in ``x`` (n, length, d); ``visible`` broadcasts to (n, heads, places, length)."""

    def heads_of(part: str, vectors: FloatArray) -> FloatArray:
        """(n, heads, places, k)"""
        kernel = a[f"{part}_kernel"]
        flat = vectors @ kernel.reshape(len(kernel), -1)
        found: FloatArray = flat.reshape(*vectors.shape[:2], *kernel.shape[1:]) + a[f"{part}_bias"]
        return found.transpose(0, 2, 1, 3)

    query, key, value = heads_of("query", x[:, asking]), heads_of("key", x), heads_of("value", x)
    logits = query @ key.transpose(0, 1, 3, 2) * np.float32(1 / np.sqrt(key.shape[-1]))
    # A place that may look at nothing is padding: what it finds is never looked at, it only has to be finite.
    logits = np.where(visible, logits, np.float32(-1e9))
    shares = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    mixed = (shares @ value).transpose(0, 2, 1, 3)
    kernel = a["output_kernel"]
    found: FloatArray = mixed.reshape(*mixed.shape[:2], -1) @ kernel.reshape(-1, kernel.shape[-1]) + a["output_bias"]
    return found
