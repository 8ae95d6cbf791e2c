"""The same sums by ``tf.distribute.MultiWorkerMirroredStrategy`` over gRPC, from the cluster that TF_CONFIG names.

Keras 3 cannot make variables under this strategy (keras-team/keras issue 20585), so each process keeps plain ones of
its own, which stay equal as the same sums are applied to them; the strategy's collective operations add up. It must be
made before TensorFlow does anything else in the process. **Its port is open to everybody who can reach the machine and
accepts any computation**: for closed networks alone.
"""

from __future__ import annotations

import json
import os
import socket
from typing import Any


def cluster(size: int) -> list[str]:
    """Free ports of this machine, one a process."""
    held = [socket.socket() for _ in range(size)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in held]
    finally:
        for one in held:
            one.close()


class StrategyExchange:
    def __init__(self, workers: list[str], rank: int) -> None:
        os.environ["TF_CONFIG"] = json.dumps(
            {"cluster": {"worker": workers}, "task": {"type": "worker", "index": rank}}
        )
        from experiments.learning.recommenders.keras_net.backend import tf

        distribute = tf.distribute
        self.rank, self.size = rank, len(workers)
        ring = distribute.experimental.CommunicationImplementation.RING
        options = distribute.experimental.CommunicationOptions(implementation=ring)
        self._strategy = distribute.MultiWorkerMirroredStrategy(communication_options=options)
        self._tf = tf

    def sum(self, values: Any) -> Any:
        tf = self._tf

        def add(mine: Any) -> Any:
            # identity puts it on this worker's device, which tells the strategy where the sum is wanted.
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tf.identity(mine))

        return self._strategy.run(add, args=(values,))
