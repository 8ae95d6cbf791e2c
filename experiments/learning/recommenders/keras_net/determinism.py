"""Same seed, same data, same machine: same numbers, bit for bit. What that takes, as a record for the run."""

from __future__ import annotations

import os
from typing import Any

from experiments.learning.recommenders.keras_net.backend import keras, tf

THREADS_VARIABLE = "MLOPSPRO_TRAIN_THREADS"


def prepare(seed: int) -> dict[str, Any]:
    """Makes this process train deterministically and returns what is in force, JSON-able.

    One thread an operation by default: the matrices are small, so handing them round costs more than it gives
    (10 epochs of the hybrid on MovieLens 100k: 2.5 s with one thread, 4.0 s with two), and sums do not depend on the
    number of cores. ``MLOPSPRO_TRAIN_THREADS`` raises it where a network is large enough to gain.
    """
    threads = _threads()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        # TensorFlow is running in this process already; the record below says with how many threads.
        pass
    tf.config.experimental.enable_op_determinism()
    return {
        "seed": seed,
        "shuffling": "numpy Generator([seed, purpose, epoch])",
        "initialisation": "from the seed, layer by layer",
        "op_determinism": True,
        "intra_op_threads": tf.config.threading.get_intra_op_parallelism_threads(),
        "inter_op_threads": tf.config.threading.get_inter_op_parallelism_threads(),
        "onednn": os.environ["TF_ENABLE_ONEDNN_OPTS"] != "0",
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
    }


def _threads() -> int:
    text = os.environ.get(THREADS_VARIABLE, "1")
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise ValueError(f"{THREADS_VARIABLE} is {text!r}; accepted: a whole number from 1 to 256.")
    return int(text)
