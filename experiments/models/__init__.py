from experiments.models.dataset import Dataset, DatasetImport
from experiments.models.experiment import Experiment, RunType
from experiments.models.job import FailureKind, Job, JobStatus
from experiments.models.results import Artifact, EpochMetrics, EvaluationDetail, LogLine, MetricValue
from experiments.models.tracking import OutboxEntry, TrackerHealth, TrackerName, TrackerRun

__all__ = [
    "Artifact",
    "Dataset",
    "DatasetImport",
    "EpochMetrics",
    "EvaluationDetail",
    "Experiment",
    "FailureKind",
    "Job",
    "JobStatus",
    "LogLine",
    "MetricValue",
    "OutboxEntry",
    "RunType",
    "TrackerHealth",
    "TrackerName",
    "TrackerRun",
]
