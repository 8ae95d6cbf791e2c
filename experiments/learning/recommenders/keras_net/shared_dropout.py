"""Dropout of a batch that several processes share: each draws the mask of the whole batch and takes its own rows of it.

With the mask of its rows alone a process would drop other activations than one process does. Layers stay Keras's own,
so that what is saved is what is saved without; only how they are called in training is another.
"""

from __future__ import annotations

from typing import Any

from experiments.learning.recommenders.keras_net.backend import keras, tf
from experiments.learning.recommenders.keras_net.share import Share


def share_dropout(model: Any, share: Share) -> None:
    """Makes every Dropout in ``model``, those within attention included, drop by the mask of the whole batch."""
    if share.size > 1:
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.Dropout) and layer.rate > 0:
                _share(layer, share)


def _share(layer: Any, share: Share) -> None:
    plain = layer.call

    def call(inputs: Any, training: bool = False) -> Any:
        part = share.part
        if not training or part is None:
            return plain(inputs, training=training)
        whole = plain(tf.ones(tf.concat([[part.count], tf.shape(inputs)[1:]], 0)), training=True)
        return inputs * tf.ensure_shape(part.of(whole), inputs.shape)

    layer.call = call
