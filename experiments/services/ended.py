"""What follows from the end of a run, in the transaction that ends it."""

from __future__ import annotations

from experiments.jobs import queue
from experiments.jobs.kinds import SEARCHES
from experiments.models import Experiment
from experiments.services import outbox


def experiment_ended(experiment: Experiment, status: str) -> None:
    """Trackers are told, and the search whose trial it is goes on once this is committed."""
    outbox.record_end(experiment, status)
    if experiment.search_id is not None:
        queue.ring_on_commit(SEARCHES)
