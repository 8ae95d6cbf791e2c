from experiments.models.chat import ChatMessage, ChatThread
from experiments.models.custom_metric import CustomMetric, CustomMetricOutcome
from experiments.models.dataset import Dataset, DatasetImport
from experiments.models.experiment import Experiment, Origin, RunType
from experiments.models.history import MarkKind, RunMark, SavedView
from experiments.models.job import FailureKind, Job, JobStatus
from experiments.models.recipe import Level, Recipe, RecipeExample, RecipeStatus, RecipeVersion
from experiments.models.registry import (
    Deployment,
    ModelFile,
    ModelVersion,
    RegisteredModel,
    RegistryMessage,
    Stage,
    StageChange,
)
from experiments.models.results import (
    Artifact,
    EpochMetrics,
    EvaluationDetail,
    LogLine,
    MetricValue,
    ParameterValue,
)
from experiments.models.search import Search
from experiments.models.tracking import LoggedRun, LoggedSource, OutboxEntry, TrackerHealth, TrackerName, TrackerRun

__all__ = [
    "Artifact",
    "ChatMessage",
    "ChatThread",
    "CustomMetric",
    "CustomMetricOutcome",
    "Dataset",
    "DatasetImport",
    "Deployment",
    "EpochMetrics",
    "EvaluationDetail",
    "Experiment",
    "FailureKind",
    "Job",
    "JobStatus",
    "Level",
    "LogLine",
    "LoggedRun",
    "LoggedSource",
    "MarkKind",
    "MetricValue",
    "ModelFile",
    "ModelVersion",
    "Origin",
    "OutboxEntry",
    "ParameterValue",
    "Recipe",
    "RecipeExample",
    "RecipeStatus",
    "RecipeVersion",
    "RegisteredModel",
    "RegistryMessage",
    "RunMark",
    "RunType",
    "SavedView",
    "Search",
    "Stage",
    "StageChange",
    "TrackerHealth",
    "TrackerName",
    "TrackerRun",
]
