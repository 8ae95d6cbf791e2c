"""A process that trains along through several fits: ``python -m experiments.tests.recommenders.along FD KEY...``.

What a peer does in one fit, so that one start of TensorFlow serves the tests of all architectures.
"""

from __future__ import annotations

import os
import socket
import sys


def main(connection: socket.socket, keys: list[str]) -> None:
    from experiments.learning.distributed.exchange import PeerExchange
    from experiments.learning.distributed.peer import Silent
    from experiments.learning.recommenders.keras_net import share
    from experiments.learning.recommenders.registry import get
    from experiments.tests.recommenders.tiny import QUICK, VARIANTS, ratings

    exchange = PeerExchange(connection, 1, 2)
    for key in keys:
        of, changes = VARIANTS.get(key, (key, {}))
        architecture = get(of)
        with share.among(exchange):
            architecture.fit(ratings(), architecture.validate(QUICK[of] | changes), seed=0, observer=Silent())


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
    os._exit(0)
