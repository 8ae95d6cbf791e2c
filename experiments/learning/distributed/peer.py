"""A process that trains along: ``python -m experiments.learning.distributed.peer FOLDER RANK [DESCRIPTOR]``.

It writes nothing but its errors. Its standard input closes when the chief ends, however that ends; then it ends too.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from experiments.learning.distributed import handover
from experiments.learning.distributed.errors import PeerLost
from experiments.learning.distributed.exchange import Exchange, PeerExchange
from experiments.learning.distributed.handover import Order

EXIT_ORPHANED = 76


class Silent:
    """The chief alone reports, stops and keeps checkpoints."""

    def on_start(self, *, epochs: int, total_parameters: int) -> None:
        del epochs, total_parameters

    def on_epoch(self, epoch: int, values: Mapping[str, float], save: Callable[[Path], None]) -> None:
        del epoch, values, save

    def log(self, message: str) -> None:
        del message


def main(folder: Path, rank: int, descriptor: int | None) -> None:
    threading.Thread(target=_watch_chief, name="chief", daemon=True).start()
    order, data = handover.read(folder)
    from experiments.learning.recommenders.keras_net import determinism, share
    from experiments.learning.recommenders.registry import get

    determinism.prepare(order.seed)
    exchange = _exchange(order, rank, descriptor)
    architecture = get(order.architecture)
    try:
        with share.among(exchange):
            architecture.fit(
                data,
                architecture.validate(order.parameters),
                seed=order.seed,
                observer=Silent(),
                resume_from=Path(order.checkpoint) if order.checkpoint else None,
            )
    except Exception:  # what TensorFlow makes of a lost exchange is no class of ours
        # The chief ended first, as when a person stops the run: it has said why.
        if not isinstance(getattr(exchange, "lost", None), PeerLost):
            raise


def _exchange(order: Order, rank: int, descriptor: int | None) -> Exchange:
    if descriptor is not None:
        return PeerExchange(socket.socket(fileno=descriptor), rank, order.size)
    from experiments.learning.distributed.strategy import StrategyExchange

    return StrategyExchange(order.workers, rank)


def _watch_chief() -> None:
    sys.stdin.buffer.read()
    os._exit(EXIT_ORPHANED)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
    sys.stderr.flush()
    # TensorFlow's threads can hang an ordinary exit.
    os._exit(0)
