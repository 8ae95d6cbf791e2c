"""How processes of one fit add up what each has found: over a pair of sockets to the chief that nobody else can reach.

TensorFlow's own transport (gRPC, see ``strategy.py``) listens on every interface of the machine and asks nobody who
they are, whatever address it is given; so it is for networks that are closed, and this one is the default.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from experiments.learning.distributed.errors import PeerLost

PATIENCE_SECONDS = 300.0
"""How long a process may take to its next batch, its start included, before it counts as lost."""

Numbers = NDArray[np.float32]


class Exchange(Protocol):
    """Adds up. ``sum`` is called in a graph, at the same places and in the same order by all processes."""

    rank: int
    size: int

    def sum(self, values: Any) -> Any:
        """Of a float32 tensor (n,) of each process the sum, the same in all of them bit for bit."""


class _InGraph(ABC):
    """Carries a tensor out of TensorFlow and back. ``lost`` keeps what TensorFlow raises in words of its own."""

    lost: PeerLost | None = None

    def sum(self, values: Any) -> Any:
        # TensorFlow takes seconds to import; whoever adds up in a graph has it.
        import tensorflow as tf

        total = tf.numpy_function(self._added, [values], tf.float32)
        total.set_shape(values.shape)
        return total

    def _added(self, values: Numbers) -> Numbers:
        try:
            return self.added(values)
        except PeerLost as lost:
            self.lost = lost
            raise

    @abstractmethod
    def added(self, values: Numbers) -> Numbers:
        """The sum over all processes, outside of TensorFlow. Raises PeerLost."""


class ChiefExchange(_InGraph):
    """Adds in the order of ranks, so that the sum does not depend on who is first."""

    rank = 0

    def __init__(self, peers: Sequence[socket.socket]) -> None:
        self._peers = list(peers)
        self.size = len(self._peers) + 1
        for peer in self._peers:
            peer.settimeout(PATIENCE_SECONDS)

    def added(self, values: Numbers) -> Numbers:
        total = values.copy()
        for number, peer in enumerate(self._peers, 2):
            total += _received(peer, values, f"training process {number} of {self.size}")
        for number, peer in enumerate(self._peers, 2):
            _sent(peer, total, f"training process {number} of {self.size}")
        return total


class PeerExchange(_InGraph):
    def __init__(self, chief: socket.socket, rank: int, size: int) -> None:
        self._chief, self.rank, self.size = chief, rank, size
        chief.settimeout(PATIENCE_SECONDS)

    def added(self, values: Numbers) -> Numbers:
        _sent(self._chief, values, "the first training process")
        return _received(self._chief, values, "the first training process")


def _received(connection: socket.socket, like: Numbers, who: str) -> Numbers:
    found = np.empty_like(like)
    view, at = found.data.cast("B"), 0
    try:
        while at < len(view):
            got = connection.recv_into(view[at:])
            if not got:
                raise PeerLost(f"{who} ended before the training did")
            at += got
    except TimeoutError as error:
        raise PeerLost(f"{who} was not heard of for {PATIENCE_SECONDS:g} s") from error
    except OSError as error:
        raise PeerLost(f"{who} ended before the training did") from error
    return found


def _sent(connection: socket.socket, values: Numbers, who: str) -> None:
    try:
        connection.sendall(np.ascontiguousarray(values).data.cast("B"))
    except OSError as error:
        raise PeerLost(f"{who} ended before the training did") from error
