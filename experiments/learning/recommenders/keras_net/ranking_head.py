"""The hybrid's second head: it ranks with the embeddings that the rating network predicts with.

ranking score = a_u · b_i + c_i, with a_u = Dense([p_u, user features]), b_i = Dense([q_i, item features]) and c_i an
item bias that starts at the log of the item's popularity, so an untrained head ranks as popularity does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from experiments.learning.data.interactions import FloatArray
from experiments.learning.recommenders.base import Scorer, TrainingData
from experiments.learning.recommenders.keras_net.backend import keras
from experiments.learning.recommenders.keras_net.network import NetworkSpec, build, embedding, glorot, to_scorer
from experiments.learning.recommenders.scorers.factors import FactorScorer
from experiments.learning.recommenders.scorers.joint import JointScorer

_GENERATOR = 5


@dataclass(frozen=True)
class RankingNetwork:
    """``whole`` answers (batch, 2): rating, ranking score; where no rating is learnt, (batch, 1).

    ``rating`` (batch, 1) is None there. ``users`` answers a_u; ``items`` answers [b_i, c_i].
    """

    whole: Any
    rating: Any
    users: Any
    items: Any


def build_ranking(spec: NetworkSpec, data: TrainingData, *, rates: bool, seed: int) -> RankingNetwork:
    """The rating network of :func:`network.build` with the ranking head on its embeddings; all parts share weights."""
    layers = keras.layers
    generator = np.random.default_rng([seed, _GENERATOR])
    network = build(spec, data, seed=seed)
    user, item = network.inputs
    a = _side(network, "user", spec, generator)
    b = _side(network, "item", spec, generator)
    c = embedding("ranking_bias", _log_popularity(data))(item)
    ranking = layers.Add(name="ranking")([layers.Dot(axes=1, name="ranking_product")([a, b]), c])
    output = layers.Concatenate(name="rating_and_ranking")([network.output, ranking]) if rates else ranking
    return RankingNetwork(
        whole=keras.Model([user, item], output, name="hybrid"),
        rating=network if rates else None,
        users=keras.Model(user, a),
        items=keras.Model(item, [b, c]),
    )


def _side(network: Any, side: str, spec: NetworkSpec, generator: np.random.Generator) -> Any:
    names = [layer.name for layer in network.layers]
    parts = [network.get_layer(name).output for name in (f"{side}_embedding", f"{side}_features") if name in names]
    x = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    return keras.layers.Dense(spec.embedding_dim, kernel_initializer=glorot(generator), name=f"ranking_{side}")(x)


def _log_popularity(data: TrainingData) -> FloatArray:
    """ln(1 + training rows) less its mean, shape (num_items, 1)."""
    level = np.log1p(np.bincount(data.train.item, minlength=data.num_items))
    centred: FloatArray = (level - level.mean()).astype(np.float32)[:, None]
    return centred


def to_ranking_scorer(network: RankingNetwork, spec: NetworkSpec, data: TrainingData) -> Scorer:
    """A JointScorer, or where no rating is learnt a FactorScorer of the ranking head."""
    ranking = FactorScorer(
        user_factors=_vectors(network, "user", data.user_features),
        item_factors=_vectors(network, "item", data.item_features),
        user_bias=np.zeros(data.num_users, np.float32),
        item_bias=np.array(network.whole.get_layer("ranking_bias").get_weights()[0][:, 0]),
        offset=0.0,
    )
    return ranking if network.rating is None else JointScorer(to_scorer(network.rating, spec, data), ranking)


def _vectors(network: RankingNetwork, side: str, features: FloatArray) -> FloatArray:
    """a_u of every user or b_i of every item, shape (n, embedding_dim)."""
    [table] = network.whole.get_layer(f"{side}_embedding").get_weights()
    kernel, bias = network.whole.get_layer(f"ranking_{side}").get_weights()
    vectors: FloatArray = np.concatenate([table, features.astype(np.float32)], axis=1) @ kernel + bias
    return vectors
