"""Celery's processes say that they live: workers when they are ready, the scheduler when it begins."""

from __future__ import annotations

from typing import Any

from celery.signals import beat_init, worker_ready, worker_shutdown

from monitoring.services import beats, vital_signs

ROLES = {"train": "worker-train", "io": "worker-io"}
"""The role of a worker by the queue that it serves; one that serves both has both."""


@worker_ready.connect
def worker_lives(sender: Any = None, **_: object) -> None:
    vital_signs.register()
    # Not all queues that are declared: a worker of one knows of the others too.
    served = sender.app.amqp.queues.consume_from if sender is not None else ()
    for queue, role in ROLES.items():
        if queue in served:
            if role == "worker-io":
                beats.also(_watch)
            beats.start(role)


def _watch() -> None:
    """Imported when called: not every command that loads the apps needs what the watch reads."""
    from monitoring.health_watch import look

    look()


@beat_init.connect
def scheduler_lives(**_: object) -> None:
    vital_signs.register()
    beats.start("beat")


@worker_shutdown.connect
def worker_leaves(**_: object) -> None:
    beats.stop()
