"""One fit of a Keras architecture among several processes of this machine."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Literal

from experiments.learning.distributed import handover, peers
from experiments.learning.distributed.errors import PeerLost
from experiments.learning.distributed.exchange import ChiefExchange, Exchange
from experiments.learning.distributed.handover import Order
from experiments.learning.recommenders.base import (
    Architecture,
    Fitted,
    Observer,
    Parameters,
    StopTraining,
    TrainingData,
)
from experiments.learning.recommenders.errors import TrainingError

Transport = Literal["sockets", "grpc"]
MOST = 16
"""Processes of one fit."""


def can_be_shared(architecture: Any) -> bool:
    """Whether its fits may be spread: those of Keras networks, whose learners ask for their share of a batch."""
    return isinstance(architecture, Architecture) and architecture.framework == "keras"


def fit(
    architecture: Architecture,
    data: TrainingData,
    parameters: Parameters,
    *,
    processes: int,
    seed: int,
    observer: Observer,
    resume_from: Path | None = None,
    transport: Transport = "sockets",
) -> Fitted:
    """As ``architecture.fit``, with the same numbers up to float32 rounding; this process is the chief.

    ``transport`` grpc is TensorFlow's own (``strategy.py``), for closed networks. Raises what the fit raises, and
    PeerLost where another process ended or stopped answering.
    """
    if processes == 1:
        return architecture.fit(data, parameters, seed=seed, observer=observer, resume_from=resume_from)
    from experiments.learning.distributed import strategy
    from experiments.learning.recommenders.keras_net import determinism, share

    workers = strategy.cluster(processes) if transport == "grpc" else []
    order = Order(
        architecture=architecture.key,
        parameters=parameters.model_dump(mode="json"),
        seed=seed,
        checkpoint=str(resume_from) if resume_from else None,
        size=processes,
        workers=workers,
    )
    with tempfile.TemporaryDirectory(prefix="mlopspro-fit-") as name:
        handover.write(Path(name), order, data)
        with peers.started(Path(name), processes, sockets=not workers) as (others, connections):
            exchange: Exchange
            if workers:
                determinism.prepare(seed)
                exchange = strategy.StrategyExchange(workers, 0)
            else:
                exchange = ChiefExchange(connections)
            try:
                with share.among(exchange):
                    found = architecture.fit(data, parameters, seed=seed, observer=observer, resume_from=resume_from)
            except (StopTraining, TrainingError):
                raise
            except Exception as error:
                if lost := _lost(error, exchange, others, processes):
                    raise lost from error
                raise
    found.details["processes"] = {"count": processes, "transport": transport}
    return found


def _lost(error: Exception, exchange: Exchange, others: list[peers.Peer], size: int) -> PeerLost | None:
    """The loss of a peer behind an error that TensorFlow raises in its own words; none where it is something else."""
    broke: PeerLost | None = getattr(exchange, "lost", None)
    of_the_network = type(error).__module__.startswith("tensorflow")
    if broke is None and not of_the_network:
        return None
    return peers.lost_of(others, size, patience=5.0 if broke else 1.0) or broke
