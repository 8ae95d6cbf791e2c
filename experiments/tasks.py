"""Celery tasks: thin, safe to be delivered twice, safe to be killed anywhere."""

from __future__ import annotations

import os
from typing import Any

from celery import shared_task
from celery.signals import celeryd_after_setup, worker_process_init, worker_process_shutdown

from experiments.jobs import lifecycle, queue, supervise
from experiments.jobs.kinds import CUSTOM_METRICS, QUEUES
from experiments.models import Experiment
from experiments.services import (
    custom_values,
    delivery,
    importance,
    logged_runs,
    registrations,
    registry_delivery,
    searches,
)

DELIVERY_SECONDS = 20.0
READING_SECONDS = COMPUTING_SECONDS = REGISTERING_SECONDS = 10.0
"""Short, so that a long first reading leaves the worker to other work in between."""


@shared_task
def run_job(kind: str) -> str:
    return supervise.run_next(kind)


@shared_task
def dispatch_waiting() -> int:
    return queue.sweep()


@shared_task
def reap_lost() -> int:
    found = lifecycle.reap()
    if found:
        queue.sweep()
    return found


@shared_task
def deliver_outbox() -> int:
    delivered = delivery.deliver_waiting(DELIVERY_SECONDS)
    return delivered + registry_delivery.deliver_waiting(DELIVERY_SECONDS)


@shared_task
def read_logged_runs() -> int:
    return logged_runs.sync(READING_SECONDS).read


@shared_task
def compute_custom_metrics() -> int:
    progress = custom_values.compute_pending(COMPUTING_SECONDS)
    if progress.more:
        queue.ringer.ring(CUSTOM_METRICS)
    return progress.runs


@shared_task
def register_completed() -> int:
    done = registrations.register_pending(REGISTERING_SECONDS)
    importance.fill_pending(REGISTERING_SECONDS)
    return done


@shared_task
def advance_searches() -> int:
    return searches.advance_all()


@celeryd_after_setup.connect
def remember_queues(instance: Any, **_: object) -> None:
    """Leaves word for the pool's processes which queues this worker serves."""
    os.environ["MLOPSPRO_WORKER_QUEUES"] = ",".join(instance.app.amqp.queues)


@worker_process_init.connect
def start_spare(**_: object) -> None:
    if QUEUES[Experiment.KIND] in os.environ.get("MLOPSPRO_WORKER_QUEUES", "").split(","):
        supervise.spare.prepare()


@worker_process_shutdown.connect
def end_spare(**_: object) -> None:
    supervise.spare.discard()
