"""This process's share of a fit: which rows of a batch it learns from, and how gradients of all processes are added up.

Synchronous data parallelism: every process holds the whole model and the whole data, draws the same batches from the
same seeds, learns from its part of each batch's rows, and applies the same summed gradient. So the batch a step learns
from is that of one process, and the numbers are too, up to the order in which float32 sums are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from experiments.learning.distributed.exchange import Exchange
from experiments.learning.recommenders.keras_net.backend import tf


class Part:
    """This process's rows ``start`` to ``stop`` of a batch of ``count``; tensors."""

    def __init__(self, count: Any, rank: int, size: int) -> None:
        self.count, self.size = count, size
        self.start, self.stop = count * rank // size, count * (rank + 1) // size

    def of(self, values: Any) -> Any:
        """The part of ``values`` (count, ...)."""
        return values if self.size == 1 else values[self.start : self.stop]

    def mean(self, values: Any) -> Any:
        """What this part adds to the mean over the whole batch; ``values`` (rows of this part,)."""
        if self.size == 1:
            return tf.reduce_mean(values)
        return tf.reduce_sum(values) / tf.cast(self.count, tf.float32)


class Share:
    """One process of ``exchange.size``; alone where there is none."""

    def __init__(self, exchange: Exchange | None = None) -> None:
        self._exchange = exchange
        self.size = exchange.size if exchange else 1
        self.part: Part | None = None
        """Of the batch whose graph is being made; what drops at random asks for it."""

    def of(self, count: Any) -> Part:
        self.part = Part(count, self._exchange.rank if self._exchange else 0, self.size)
        return self.part

    def added(
        self, weights: Mapping[str, Any], gradients: Sequence[Any], *figures: Any
    ) -> tuple[dict[str, Any], tuple[Any, ...]]:
        """Gradients of ``weights``, by their names, and scalars, summed over all processes in one exchange."""
        if self._exchange is None:
            return dict(zip(weights, gradients, strict=True)), figures
        shapes = [value.shape for value in weights.values()] + [tf.TensorShape([])] * len(figures)
        mine = [tf.reshape(tf.convert_to_tensor(value), [-1]) for value in (*gradients, *figures)]
        sizes = [shape.num_elements() for shape in shapes]
        flat = tf.ensure_shape(tf.concat(mine, 0), [sum(sizes)])
        pieces = tf.split(self._exchange.sum(flat), sizes)
        whole = [tf.reshape(piece, shape) for piece, shape in zip(pieces, shapes, strict=True)]
        return dict(zip(weights, whole[: len(weights)], strict=True)), tuple(whole[len(weights) :])


_EXCHANGE: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def own() -> Share:
    """A new share for the learner of a fit in this context."""
    return Share(_EXCHANGE.get())


@contextmanager
def among(exchange: Exchange) -> Iterator[None]:
    """Fits within are this process's part of one that is spread."""
    token = _EXCHANGE.set(exchange)
    try:
        yield
    finally:
        _EXCHANGE.reset(token)
