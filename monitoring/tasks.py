"""Celery tasks of monitoring: thin, safe to be delivered twice, safe to be killed anywhere."""

from __future__ import annotations

from celery import shared_task

from monitoring.selectors import snapshots as states
from monitoring.services import deliveries, judging, retention, snapshots, window_mirror, windows

REFRESH_SECONDS = 8.0
MIRROR_SECONDS = 20.0
DELIVER_SECONDS = 20.0


@shared_task
def refresh_windows() -> int:
    return windows.refresh(REFRESH_SECONDS).minutes


@shared_task
def mirror_windows() -> int:
    return window_mirror.mirror_waiting(MIRROR_SECONDS)


@shared_task
def judge() -> int:
    """Models that are due are judged; returns how many checks were written."""
    return judging.judge_due().checks


@shared_task
def deliver_alerts() -> int:
    """Messages of alerts that are due; returns how many arrived."""
    return deliveries.deliver(DELIVER_SECONDS)


@shared_task
def capture_snapshots() -> int:
    """The state of each model; windows, checks and messages that are no longer kept leave."""
    windows.drop_old()
    judging.drop_old()
    deliveries.drop_old()
    captured = [(model, state) for model in states.watched() if (state := states.captured(model)) is not None]
    for model, state in captured:
        snapshots.record(model, through="schedule", **state)
    return len(captured)


@shared_task
def keep_partitions() -> int:
    """Days of the log: made ahead, written out, dropped. Returns how many files were written."""
    return len(retention.keep().written)
