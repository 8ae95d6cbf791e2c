"""The trackers of this installation, made from settings."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings

from experiments.tracking.mlflow_reader import MlflowReader
from experiments.tracking.mlflow_tracker import MlflowTracker
from experiments.tracking.protocol import Tracker
from experiments.tracking.reader import RunReader
from experiments.tracking.wandb_tracker import WandbConfig, WandbTracker


@cache
def trackers() -> dict[str, Tracker]:
    """By key, one of each for the life of this process (their clients keep connections)."""
    made: tuple[Tracker, ...] = (
        MlflowTracker(
            settings.MLFLOW_TRACKING_URI,
            public_url=settings.MLFLOW_PUBLIC_URL,
            data_root=Path(settings.DATA_ROOT),
            timeout_seconds=settings.TRACKER_TIMEOUT_SECONDS,
        ),
        WandbTracker(
            WandbConfig(
                folder=Path(settings.VAR_DIR) / "wandb",
                data_root=Path(settings.DATA_ROOT),
                project=settings.WANDB_PROJECT,
                entity=settings.WANDB_ENTITY,
                base_url=settings.WANDB_BASE_URL,
                api_key=settings.WANDB_API_KEY,
                timeout_seconds=settings.TRACKER_TIMEOUT_SECONDS,
            )
        ),
    )
    return {tracker.key: tracker for tracker in made}


@cache
def run_reader() -> RunReader:
    """Reads the runs that others log to the MLflow server of this installation."""
    return MlflowReader(
        settings.MLFLOW_TRACKING_URI,
        public_url=settings.MLFLOW_PUBLIC_URL,
        timeout_seconds=settings.TRACKER_TIMEOUT_SECONDS,
    )
