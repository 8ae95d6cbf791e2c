"""Runs to compare: trained ones with results of each user, and rows as a page reads them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.urls import reverse
from django.utils import timezone

from experiments.models import EpochMetrics, EvaluationDetail, Experiment, MetricValue
from experiments.tests.factories import make_experiment
from experiments.tests.pages.scenes import PROTOCOLS
from experiments.tests.stored import stored_dataset
from experiments.tests.trained import trained_run
from mlopspro.accounts.models import Workspace

RANDOM = {"method": "random", "test_share": 0.2, "validation_share": 0.1, "seed": 42}
Figures = dict[tuple[str, str], float | None]
FIGURES: Figures = {
    ("rated", "f1_at_10"): 0.78,
    ("catalogue", "ndcg_at_10"): 0.3,
    ("catalogue", "coverage_at_10"): 0.5,
    ("pointwise", "rmse"): 0.93,
}


def trained_pair(workspace: Workspace) -> list[Experiment]:
    """Two runs on one split, of which the first ranks the catalogue far better."""
    data = stored_dataset(workspace, "compared")
    return [
        trained_run(data, "neighbours", "item_knn", split=RANDOM),
        trained_run(data, "popular", "popularity", split=RANDOM),
    ]


def measured_run(workspace: Workspace, name: str, figures: Figures | None = None, **fields: Any) -> Experiment:
    """A completed run with rows of metrics and no files."""
    now = timezone.now()
    values: dict[str, Any] = {
        "name": name,
        "status": "completed",
        "architecture": "hybrid",
        "started_at": now - dt.timedelta(seconds=72),
        "finished_at": now,
        "split": RANDOM,
        "parameters": {"epochs": 5},
    }
    run = make_experiment(workspace, **(values | fields))
    chosen = FIGURES if figures is None else figures
    MetricValue.objects.bulk_create(
        MetricValue(
            workspace=workspace,
            experiment=run,
            protocol=protocol,
            name=metric,
            value=value,
            k=10 if metric.endswith("_10") else None,
            higher_is_better=protocol != "pointwise",
            random=0.1,
            popularity=0.2,
            oracle=0.9,
            users_counted=100,
        )
        for (protocol, metric), value in chosen.items()
    )
    EvaluationDetail.objects.create(experiment=run, protocols=PROTOCOLS)
    return run


def add_epochs(run: Experiment, count: int, **values: Any) -> None:
    """``count`` epochs, one a second; a value may be a function of the epoch."""
    now = timezone.now()
    EpochMetrics.objects.bulk_create(
        EpochMetrics(
            experiment=run,
            epoch=epoch,
            recorded_at=now + dt.timedelta(seconds=epoch),
            values={name: value(epoch) if callable(value) else value for name, value in values.items()},
        )
        for epoch in range(1, count + 1)
    )


def address(*runs: Experiment, part: str = "", **query: str) -> str:
    """Of the page, or of its part verdict, live or candidates."""
    where = reverse(f"experiments:compare{'_' + part if part else ''}")
    more = "".join(f"&{name}={value}" for name, value in query.items())
    return f"{where}?ids={','.join(str(run.pk) for run in runs)}{more}"
