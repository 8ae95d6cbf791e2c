"""Completed runs with figures and parameters, as many as a test of lists and drawings needs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from experiments.models import Dataset, Experiment, MetricValue
from experiments.services.searchable import write_parameters
from experiments.tests.factories import make_experiment
from mlopspro.accounts.models import Workspace
from mlopspro.core.formats import as_float

Figures = dict[tuple[str, str], float | None]


def add_run(
    workspace: Workspace,
    dataset: Dataset | None = None,
    *,
    figures: Figures | None = None,
    parameters: dict[str, Any] | None = None,
    **fields: Any,
) -> Experiment:
    """One completed run; ``figures`` are its metrics by (protocol, name), kept beside it and in its rows."""
    metrics: dict[str, dict[str, float | None]] = {}
    for (protocol, name), value in (figures or {}).items():
        metrics.setdefault(protocol, {})[name] = as_float(value)  # JSON knows no NaN
    now = timezone.now()
    values: dict[str, Any] = {
        "status": "completed",
        "started_at": now - dt.timedelta(seconds=60),
        "finished_at": now,
        "parameters": parameters or {},
        "metrics": metrics,
        "dataset": dataset,
    }
    run = make_experiment(workspace, **(values | fields))
    write_parameters(run)
    MetricValue.objects.bulk_create(
        MetricValue(
            workspace=workspace, experiment=run, protocol=protocol, name=name, value=value,
            higher_is_better=name not in ("rmse", "mae"),
        )
        for (protocol, name), value in (figures or {}).items()
    )  # fmt: skip
    return run
