"""From what a run found to rows and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from experiments.learning import artifacts
from experiments.learning.families import Family
from experiments.learning.metrics.result import Evaluation, MetricResult
from experiments.models import (
    Artifact,
    CustomMetricOutcome,
    EpochMetrics,
    EvaluationDetail,
    Experiment,
    MetricValue,
    RunType,
)

PER_USER = "per_user.parquet"
HEADLINE = {
    "rated": ("precision_at_10", "recall_at_10", "f1_at_10", "ndcg_at_10"),
    "catalogue": ("precision_at_10", "recall_at_10", "f1_at_10", "ndcg_at_10", "coverage_at_10"),
    "pointwise": ("rmse", "mae"),
    "forecast": ("mase", "smape", "mape", "mae", "rmse", "bias"),
    "demand": ("rmse_log", "mae", "rmse", "elasticity", "r2_log"),
    "action": ("log_loss", "auc", "brier", "calibration_error", "lift_at_10", "uplift_at_10"),
    "spatial": ("rmse", "mae", "r2", "rank_correlation"),
}


def documents_of(run: Experiment, evaluation: Evaluation) -> dict[str, Any]:
    """What stands beside the model on disk: figures, epochs, and everything needed to make the same run again."""
    return {
        "metrics.json": {
            "metrics": [metric_document(metric) for metric in evaluation.metrics],
            "protocols": evaluation.protocols,
        },
        "history.json": [
            {"epoch": row.epoch, **row.values} for row in EpochMetrics.objects.filter(experiment=run).order_by("epoch")
        ],
        "configuration.json": configuration(run),
    }


def tables_of(evaluation: Evaluation) -> dict[str, pd.DataFrame]:
    """Results of each tested unit, under one name for all families; none of a backtest."""
    return {PER_USER: evaluation.per_user} if len(evaluation.per_user.columns) else {}


def configuration(run: Experiment) -> dict[str, Any]:
    """Everything needed to make the same run again."""
    return {
        "name": run.name,
        "architecture": run.architecture,
        "model_type": run.model_type,
        "parameters": run.parameters,
        "split": run.split,
        "seed": run.seed,
        "dataset": {"id": str(run.dataset_id), "name": run.trained_on.name, "sha256": run.trained_on.sha256},
        "config_hash": run.config_hash,
        "environment": run.environment,
        **_beyond_plain_training(run),
    }


def _beyond_plain_training(run: Experiment) -> dict[str, Any]:
    found = {
        "family": "" if run.family == Family.RECOMMENDATION else run.family,
        "run_type": "" if run.run_type == RunType.TRAIN else run.run_type,
        "preparation": run.preparation,
        "evaluates": str(run.evaluates_id or ""),
        "recipe": {"name": str(run.recipe_version), "id": str(run.recipe_version_id)} if run.recipe_version else {},
        "manifest": run.manifest,
    }
    return {name: value for name, value in found.items() if value}


def metric_document(metric: MetricResult) -> dict[str, Any]:
    return {**metric.__dict__, "attained": metric.attained}


def record(run: Experiment, evaluation: Evaluation, files: list[artifacts.SavedFile], folder: str) -> None:
    """Rows of a finished evaluation, inside the transaction that completes the run. Repeatable: replaces its own."""
    MetricValue.objects.filter(experiment=run).delete()
    CustomMetricOutcome.objects.filter(experiment=run).delete()  # their values went with the others: due again
    MetricValue.objects.bulk_create(
        MetricValue(
            workspace_id=run.workspace_id,
            experiment=run,
            protocol=metric.protocol,
            name=metric.name,
            segment=metric.segment,
            k=metric.k,
            value=metric.value,
            higher_is_better=metric.higher_is_better,
            random=metric.random,
            popularity=metric.popularity,
            oracle=metric.oracle,
            everything=metric.everything,
            naive=metric.naive,
            users_counted=metric.users_counted,
            users_left_out=metric.users_left_out,
            definition=metric.definition,
        )
        for metric in evaluation.metrics
    )
    EvaluationDetail.objects.update_or_create(
        experiment=run,
        defaults={
            "protocols": evaluation.protocols,
            "confusion": evaluation.confusion,
            "roc": evaluation.roc,
            "precision_recall": evaluation.precision_recall,
            "calibration": evaluation.calibration,
        },
    )
    Artifact.objects.filter(experiment=run).delete()
    Artifact.objects.bulk_create(
        Artifact(
            experiment=run,
            name=file.name,
            kind=file.kind,
            path=str(Path(folder) / file.name),
            size_bytes=file.size,
            sha256=file.sha256,
        )
        for file in files
    )
    run.metrics = headline_figures(evaluation)


def headline_figures(evaluation: Evaluation) -> dict[str, dict[str, float | None]]:
    """{protocol: {name: value}} of the figures that lists show."""
    found: dict[str, dict[str, float | None]] = {}
    for metric in evaluation.metrics:
        if metric.segment == "all" and metric.name in HEADLINE.get(metric.protocol, ()):
            found.setdefault(metric.protocol, {})[metric.name] = metric.value
    return found


def headline_sentence(run: Experiment) -> str:
    """The run's log ends with this line."""
    parts = [
        f"{protocol} " + ", ".join(f"{name} {value:.4f}" for name, value in figures.items() if value is not None)
        for protocol, figures in run.metrics.items()
    ]
    return "; ".join(parts)
