from experiments.models.custom_metric import CustomMetric, CustomMetricOutcome
from experiments.models.dataset import Dataset, DatasetImport
from experiments.models.experiment import Experiment, Origin, RunType
from experiments.models.history import MarkKind, RunMark, SavedView
from experiments.models.job import FailureKind, Job, JobStatus
from experiments.models.results import (
    Artifact,
    EpochMetrics,
    EvaluationDetail,
    LogLine,
    MetricValue,
    ParameterValue,
)
from experiments.models.tracking import LoggedRun, LoggedSource, OutboxEntry, TrackerHealth, TrackerName, TrackerRun

__all__ = [
    "Artifact",
    "CustomMetric",
    "CustomMetricOutcome",
    "Dataset",
    "DatasetImport",
    "EpochMetrics",
    "EvaluationDetail",
    "Experiment",
    "FailureKind",
    "Job",
    "JobStatus",
    "LogLine",
    "LoggedRun",
    "LoggedSource",
    "MarkKind",
    "MetricValue",
    "Origin",
    "OutboxEntry",
    "ParameterValue",
    "RunMark",
    "RunType",
    "SavedView",
    "TrackerHealth",
    "TrackerName",
    "TrackerRun",
]
