"""What beat rings for, and how often. A task that was not begun by its next turn is dropped: the next does its work."""

from __future__ import annotations

from typing import Any

from celery.schedules import schedule

OFTEN_SECONDS = {
    "ring waiting jobs": ("experiments.tasks.dispatch_waiting", 5),
    "reap lost attempts": ("experiments.tasks.reap_lost", 15),
    "deliver to trackers": ("experiments.tasks.deliver_outbox", 5),
    "compute custom metrics": ("experiments.tasks.compute_custom_metrics", 15),
    "advance searches": ("experiments.tasks.advance_searches", 5),
    "register completed runs": ("experiments.tasks.register_completed", 15),
    "keep partitions": ("monitoring.tasks.keep_partitions", 3600),
    "mirror windows": ("monitoring.tasks.mirror_windows", 60),
    "capture snapshots": ("monitoring.tasks.capture_snapshots", 3600),
    "deliver alerts": ("monitoring.tasks.deliver_alerts", 5),
    "read trials": ("retraining.tasks.read_trials", 30),
}
"""Name, task, seconds."""


def beat_schedule(logged_runs_seconds: float, judge_seconds: float, loop_seconds: float) -> dict[str, dict[str, Any]]:
    """Celery's CELERY_BEAT_SCHEDULE. ``logged_runs_seconds``: how often MLflow is read for runs of others;
    ``judge_seconds``: how often models are looked at that may be due for a check or a decision; ``loop_seconds``: how
    often windows are computed and retrainings moved on."""
    often: dict[str, tuple[str, float]] = {
        **OFTEN_SECONDS,
        "read runs logged to MLflow": ("experiments.tasks.read_logged_runs", logged_runs_seconds),
        "judge models": ("monitoring.tasks.judge", judge_seconds),
        "decide on retraining": ("retraining.tasks.decide", judge_seconds),
        "refresh windows": ("monitoring.tasks.refresh_windows", loop_seconds),
        "advance retrainings": ("retraining.tasks.advance", loop_seconds),
    }
    return {
        name: {"task": task, "schedule": schedule(seconds), "options": {"expires": seconds}}
        for name, (task, seconds) in often.items()
    }
