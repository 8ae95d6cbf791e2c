"""Courses of figures in MLflow that belong to no training run: one MLflow run a thing that is watched.

Points carry the step and time of our windows, which are MLflow's primary key, so that what is sent twice is there
once. The run is found again by its tag before one is created.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from experiments.tracking.messages import milliseconds
from experiments.tracking.mlflow_groups import ensured
from experiments.tracking.mlflow_tracker import EXPERIMENT_TAG
from experiments.tracking.names import legal_key

MAX_METRICS = 800
"""Per request; MLflow takes 1,000."""


@dataclass(frozen=True)
class SeriesRef:
    """``key`` is ours and unique on the server; runs that carry it are known as ours."""

    key: str
    group: str
    name: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class SeriesPoint:
    """All figures of one moment."""

    step: int
    at: dt.datetime
    values: Mapping[str, float]


class MlflowSeries:
    def __init__(self, client: Any) -> None:
        self.client = client

    def write(self, ref: SeriesRef, points: Iterable[SeriesPoint]) -> str:
        """Sends the points to the run of ``ref``, which is made where it is missing; returns the run's id."""
        from mlflow.entities import Metric

        run_id = self._run(ref)
        metrics = [
            Metric(legal_key(name), value, milliseconds(point.at), point.step)
            for point in points
            for name, value in point.values.items()
        ]
        for start in range(0, len(metrics), MAX_METRICS):
            self.client.log_batch(run_id, metrics[start : start + MAX_METRICS])
        return run_id

    def _run(self, ref: SeriesRef) -> str:
        group_id = ensured(self.client, ref.group)
        tag = f"tags.`{EXPERIMENT_TAG}` = '{ref.key}'"
        found = self.client.search_runs([group_id], tag, order_by=["attributes.start_time ASC"], max_results=1)
        if found:
            return str(found[0].info.run_id)
        tags = {EXPERIMENT_TAG: ref.key, "mlflow.source.type": "JOB", "mlflow.source.name": "MLOps Pro", **ref.tags}
        return str(self.client.create_run(group_id, tags=tags, run_name=ref.name).info.run_id)
