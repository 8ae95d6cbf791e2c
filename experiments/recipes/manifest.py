"""The typed schema of an effective manifest (F95-F100). pydantic models are the schema; unknown fields are refused.

Collections that a lower level may extend are objects by name, never lists, so that a merge patch (RFC 7396) can change,
add or - with null - remove one entry. Every default is the product's, so a short manifest is a whole one.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from experiments.learning.families import Family

Short = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=5_000)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.@-]{0,79}$")]
MetricKey = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,20}\.[a-z0-9_]{1,80}$")]


Column = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Part(BaseModel):
    """Strict: JSON has types, so "5" is no number and true is no 1."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True)


class Metadata(Part):
    """Who wants this and why."""

    title: Short = ""
    summary: Text = ""
    business_goal: Text = ""
    owner: Short = ""
    intended_use: Text = ""
    limitations: Text = ""


class FeatureSet(Part):
    """A named group of columns: by their names, or - where names differ from dataset to dataset - by their roles."""

    description: Text = ""
    columns: list[Column] = Field(default_factory=list, max_length=500)
    roles: list[Name] = Field(default_factory=list, max_length=50, description="Of the family, such as time or target.")
    required: bool = Field(True, description="Every column and every role must be in the dataset.")


class Label(Part):
    """What is learnt: the column, or the event, and its meaning."""

    description: Text = ""
    unit: Short = ""


class MinimumHistory(Part):
    """Least data to train on; 0 asks for nothing."""

    rows: int = Field(10, ge=0)
    users: int = Field(0, ge=0, description="Of interactions.")
    items: int = Field(0, ge=0, description="Of interactions.")
    days: int = Field(0, ge=0, description="From the first to the last time stamp.")


class Requirements(Part):
    """What data must be before anything is built on it."""

    grain: list[Short] = Field(default_factory=list, max_length=20, description="What one row is, e.g. user, item.")
    labels: dict[Name, Label] = Field(default_factory=dict)
    feature_sets: dict[Name, FeatureSet] = Field(default_factory=dict)
    min_history: MinimumHistory = MinimumHistory()  # type: ignore[call-arg]


class Quality(Part):
    """Checks of the data before training; ``on_failure`` says whether one that fails stops the run."""

    max_missing_share: float = Field(0.3, ge=0, le=1, description="Of any one column that is used.")
    max_refused_share: float = Field(0.05, ge=0, le=1, description="Of the rows of the import.")
    max_duplicate_share: float = Field(0.5, ge=0, le=1, description="Of the rows of the import.")
    newest_within_days: int = Field(0, ge=0, description="Newest row at most this old; 0 does not ask.")
    on_failure: Literal["stop", "warn"] = "stop"


class FeaturePrep(Part):
    """Which columns are used and how they become numbers."""

    use: list[Column] | None = Field(None, max_length=500, description="Left out: all that the dataset has.")
    leave_out: list[Column] = Field(default_factory=list, max_length=500)
    rare_below: int = Field(0, ge=0, description="Categories with fewer rows become one; 0 keeps all.")


class Training(Part):
    """The architecture and its hyperparameters; what is left out takes the architecture's defaults."""

    architecture: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    parameters: dict[Name, Any] = Field(default_factory=dict)
    seed: int = Field(42, ge=0, le=2**31 - 1)


class Validation(Part):
    """How the data is divided (F97). Methods of interactions: random, time, leave_last_out, given; of tables: random,
    time, rolling_origin, spatial_blocks. ``auto`` takes what suits the dataset."""

    method: Literal["auto", "random", "time", "leave_last_out", "given", "rolling_origin", "spatial_blocks"] = "auto"
    test_share: float = Field(0.2, ge=0.01, le=0.9)
    validation_share: float = Field(0.1, ge=0.01, le=0.5)
    folds: int = Field(3, ge=1, le=50)
    horizon: int = Field(14, ge=1, le=366)
    block_km: float = Field(10.0, gt=0, le=1000)
    seed: int = Field(42, ge=0, le=2**31 - 1)


class Threshold(Part):
    """What a metric must reach; a run outside is not promoted unless ``blocks`` is false."""

    minimum: float | None = None
    maximum: float | None = None
    blocks: bool = True


class EvaluationStage(Part):
    """By which protocol a run is judged and what it must reach."""

    headline: MetricKey | None = Field(None, description="protocol.metric; left out: what suits family and data.")
    metrics: dict[MetricKey, Threshold] = Field(default_factory=dict)
    validation: Validation = Validation()  # type: ignore[call-arg]
    list_lengths: list[Annotated[int, Field(ge=1, le=1000)]] = Field(
        default_factory=lambda: [10, 50, 100], max_length=10
    )
    relevant_from: float | None = Field(None, description="Lowest relevant rating; left out: as decision D2 says.")


class DeploymentStage(Part):
    """How a version is brought to production."""

    mode: Literal["realtime", "batch"] = "realtime"
    schedule: Annotated[str, StringConstraints(max_length=60)] = Field("", description="Of batch: five cron fields.")
    endpoint: Annotated[str, StringConstraints(max_length=200)] = Field("", description="Path that answers requests.")
    list_length: int = Field(10, ge=1, le=1000)
    max_latency_ms: int = Field(100, ge=1)
    auto_promote: bool = False
    minimum_improvement: float = Field(0.01, ge=0, le=1)


class Pipeline(Part):
    quality: Quality = Quality()  # type: ignore[call-arg]
    feature_prep: FeaturePrep = FeaturePrep()  # type: ignore[call-arg]
    training: Training
    evaluation: EvaluationStage = EvaluationStage()  # type: ignore[call-arg]
    deployment: DeploymentStage = DeploymentStage()  # type: ignore[call-arg]


class Feature(Part):
    type: Literal["number", "category", "boolean", "datetime", "text", "id"] = "number"
    source: Short = ""
    description: Text = ""


class Lineage(Part):
    """Features that go in and figures that come out (F98)."""

    inputs: dict[Column, Feature] = Field(
        default_factory=dict, max_length=500, description="By column or role; each is of a feature set."
    )
    outputs: dict[Column, Feature] = Field(default_factory=dict, max_length=500)


class WatchedMetric(Part):
    minimum: float | None = None
    maximum: float | None = None


class DriftSettings(Part):
    threshold: float = Field(0.30, ge=0)
    window_hours: int = Field(24, ge=1, le=24 * 90)
    minimum_sample: int = Field(500, ge=1)


class Freshness(Part):
    max_age_hours: int = Field(48, ge=1)


class AlertRule(Part):
    signal: Short
    comparison: Literal["above", "below"] = "below"
    value: float
    severity: Literal["info", "warning", "critical"] = "warning"


class Monitoring(Part):
    """What is watched once a version is live (F100)."""

    metrics: dict[MetricKey, WatchedMetric] = Field(default_factory=dict)
    drift: DriftSettings = DriftSettings()  # type: ignore[call-arg]
    freshness: Freshness = Freshness()  # type: ignore[call-arg]
    alerts: dict[Name, AlertRule] = Field(default_factory=dict)


class Manifest(Part):
    """A whole (effective) manifest. What depends on the family is checked by ``experiments.recipes.checking``."""

    format: Literal[1] = 1
    family: Family = Field(strict=False)
    metadata: Metadata = Metadata()
    requirements: Requirements = Requirements()
    pipeline: Pipeline
    lineage: Lineage = Lineage()
    monitoring: Monitoring = Monitoring()
