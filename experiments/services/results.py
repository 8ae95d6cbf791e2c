"""From a dataset on disk to what a fit is given, and from what it returns to rows and files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.jobs.lease import Lease
from experiments.learning import artifacts
from experiments.learning.data.folds import fold, training_data
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.data.splits import Split, SplitSpec, split
from experiments.learning.metrics.evaluate import EvaluationSettings, evaluate
from experiments.learning.metrics.result import Evaluation, MetricResult
from experiments.learning.recommenders.base import Fitted, Fold, TrainingData
from experiments.models import Artifact, CustomMetricOutcome, EpochMetrics, EvaluationDetail, Experiment, MetricValue

HEADLINE = {
    "rated": ("precision_at_10", "recall_at_10", "f1_at_10", "ndcg_at_10"),
    "catalogue": ("precision_at_10", "recall_at_10", "f1_at_10", "ndcg_at_10", "coverage_at_10"),
    "pointwise": ("rmse", "mae"),
}


@dataclass(frozen=True)
class Prepared:
    interactions: Interactions
    split: Split
    data: TrainingData
    test: Fold


def prepare(run: Experiment) -> Prepared:
    """Reads and divides the run's dataset. Raises DatasetError where the split does not fit the data."""
    interactions = read_snapshot(run.trained_on.path)
    parts = split(interactions, SplitSpec(**run.split))
    return Prepared(interactions, parts, training_data(interactions, parts), fold(interactions, parts.test))


def statistics_of(prepared: Prepared) -> dict[str, Any]:
    """What MLflow and the overview are told of the data (F43)."""
    data = prepared.data
    return {
        "num_users": data.num_users,
        "num_items": data.num_items,
        "num_interactions": len(prepared.interactions),
        "num_train": len(data.train),
        "num_validation": len(data.validation),
        "num_test": len(prepared.test),
        "user_features": len(data.user_feature_names),
        "item_features": len(data.item_feature_names),
    }


def evaluate_run(prepared: Prepared, fitted: Fitted) -> Evaluation:
    data = prepared.data
    return evaluate(
        fitted.scorer,
        train=data.train,
        validation=data.validation,
        test=prepared.test,
        num_items=data.num_items,
        feedback=data.feedback,
        scale=data.scale,
        predicts_ratings=fitted.predicts_ratings,
        settings=EvaluationSettings(),
    )


def save_files(run: Experiment, lease: Lease, fitted: Fitted, evaluation: Evaluation) -> list[artifacts.SavedFile]:
    """Writes the run's files into a folder of this attempt. Rows point to them only when the run is completed."""
    folder = run.path / f"artifacts-{lease.token}"
    return artifacts.save(
        fitted,
        folder,
        documents={
            "metrics.json": {
                "metrics": [metric_document(metric) for metric in evaluation.metrics],
                "protocols": evaluation.protocols,
            },
            "history.json": [
                {"epoch": row.epoch, **row.values}
                for row in EpochMetrics.objects.filter(experiment=run).order_by("epoch")
            ],
            "configuration.json": configuration(run),
        },
        tables={"per_user.parquet": evaluation.per_user},
    )


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
    }


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
