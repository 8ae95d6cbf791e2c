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

    title: Short = Field("", description="What people call it.")
    summary: Text = Field("", description="How it is done, in a few sentences.")
    business_goal: Text = Field("", description="What it is good for.")
    owner: Short = Field("", description="Whom to ask.")
    intended_use: Text = Field("", description="What its models may be used for; stands on the model card.")
    limitations: Text = Field("", description="What they cannot; stands on the model card.")


class FeatureSet(Part):
    """A named group of columns: by their names, or - where names differ from dataset to dataset - by their roles."""

    description: Text = Field("", description="What the columns say.")
    columns: list[Column] = Field(default_factory=list, max_length=500, description="By name.")
    roles: list[Name] = Field(default_factory=list, max_length=50, description="Of the family, such as time or target.")
    required: bool = Field(True, description="Every column and every role must be in the dataset.")


class Label(Part):
    """What is learnt: the column, or the event, and its meaning."""

    description: Text = Field("", description="What it means.")
    unit: Short = Field("", description="What it is counted in.")


class MinimumHistory(Part):
    """Least data to train on; 0 asks for nothing."""

    rows: int = Field(10, ge=0, description="Interactions, or rows of a table.")
    users: int = Field(0, ge=0, description="Of interactions.")
    items: int = Field(0, ge=0, description="Of interactions.")
    days: int = Field(0, ge=0, description="From the first to the last time stamp.")


class Requirements(Part):
    """What data must be before anything is built on it."""

    grain: list[Short] = Field(default_factory=list, max_length=20, description="What one row is, e.g. user, item.")
    labels: dict[Name, Label] = Field(default_factory=dict, description="What is learnt.")
    feature_sets: dict[Name, FeatureSet] = Field(default_factory=dict, description="What the data must have.")
    min_history: MinimumHistory = MinimumHistory()  # type: ignore[call-arg]


class Quality(Part):
    """Checks of the data before training; ``on_failure`` says whether one that fails stops the run."""

    max_missing_share: float = Field(0.3, ge=0, le=1, description="Of any one column that is used.")
    max_refused_share: float = Field(0.05, ge=0, le=1, description="Of the rows of the import.")
    max_duplicate_share: float = Field(0.5, ge=0, le=1, description="Of the rows of the import.")
    newest_within_days: int = Field(0, ge=0, description="Newest row at most this old; 0 does not ask.")
    on_failure: Literal["stop", "warn"] = Field("stop", description="What a check that fails does to the run.")


class FeaturePrep(Part):
    """Which columns are used and how they become numbers."""

    use: list[Column] | None = Field(None, max_length=500, description="Left out: all that the dataset has.")
    leave_out: list[Column] = Field(default_factory=list, max_length=500, description="Columns not to learn from.")
    rare_below: int = Field(0, ge=0, description="Categories with fewer rows become one; 0 keeps all.")


class Training(Part):
    """The architecture and its hyperparameters; what is left out takes the architecture's defaults."""

    architecture: Annotated[str, StringConstraints(min_length=1, max_length=60)] = Field(
        description="Key of one of the family's architectures."
    )
    parameters: dict[Name, Any] = Field(default_factory=dict, description="Hyperparameters; the rest has its defaults.")
    seed: int = Field(42, ge=0, le=2**31 - 1, description="Of initial weights, shuffling and sampling.")


class Validation(Part):
    """How the data is divided (F97). Methods of interactions: random, time, leave_last_out, given; of tables: random,
    time, rolling_origin, spatial_blocks. ``auto`` takes what suits the dataset."""

    method: Literal["auto", "random", "time", "leave_last_out", "given", "rolling_origin", "spatial_blocks"] = Field(
        "auto", description="auto: what suits the dataset; see the families."
    )
    test_share: float = Field(0.2, ge=0.01, le=0.9, description="Of all rows.")
    validation_share: float = Field(0.1, ge=0.01, le=0.5, description="Of the rest.")
    folds: int = Field(3, ge=1, le=50, description="Of rolling_origin: how many origins.")
    horizon: int = Field(14, ge=1, le=366, description="Of rolling_origin: days tested after each.")
    block_km: float = Field(10.0, gt=0, le=1000, description="Of spatial_blocks: side of a square.")
    seed: int = Field(42, ge=0, le=2**31 - 1, description="Of the division.")


class Threshold(Part):
    """What a metric must reach; a run outside is not promoted unless ``blocks`` is false."""

    minimum: float | None = Field(None, description="Least value; reached by it.")
    maximum: float | None = Field(None, description="Most value; reached by it.")
    blocks: bool = Field(True, description="false: shown, but no promotion waits for it.")


class EvaluationStage(Part):
    """By which protocol a run is judged and what it must reach."""

    headline: MetricKey | None = Field(None, description="protocol.metric; left out: what suits family and data.")
    metrics: dict[MetricKey, Threshold] = Field(
        default_factory=dict, description="Thresholds by protocol.metric; {} only names the metric."
    )
    validation: Validation = Validation()  # type: ignore[call-arg]
    list_lengths: list[Annotated[int, Field(ge=1, le=1000)]] = Field(
        default_factory=lambda: [10, 50, 100], max_length=10, description="Of recommendation, ascending: every k of @k."
    )
    relevant_from: float | None = Field(None, description="Lowest relevant rating; left out: as decision D2 says.")


class DeploymentStage(Part):
    """How a version is brought to production."""

    mode: Literal["realtime", "batch"] = Field("realtime", description="Answers requests, or scores all on a schedule.")
    schedule: Annotated[str, StringConstraints(max_length=60)] = Field("", description="Of batch: five cron fields.")
    endpoint: Annotated[str, StringConstraints(max_length=200)] = Field("", description="Path that answers requests.")
    list_length: int = Field(10, ge=1, le=1000, description="Items of a list.")
    max_latency_ms: int = Field(100, ge=1, description="Longest time to answer that is meant to happen.")
    auto_promote: bool = Field(False, description="Promote a version of a run of this recipe if the gate lets it.")
    minimum_improvement: float = Field(0.01, ge=0, le=1, description="By which the gate wants production beaten.")


class Pipeline(Part):
    quality: Quality = Quality()  # type: ignore[call-arg]
    feature_prep: FeaturePrep = FeaturePrep()  # type: ignore[call-arg]
    training: Training
    evaluation: EvaluationStage = EvaluationStage()  # type: ignore[call-arg]
    deployment: DeploymentStage = DeploymentStage()  # type: ignore[call-arg]


class Feature(Part):
    type: Literal["number", "category", "boolean", "datetime", "text", "id"] = Field(
        "number", description="What its values are."
    )
    source: Short = Field("", description="Where it comes from, such as a feature set.")
    description: Text = Field("", description="What it says.")


class Lineage(Part):
    """Features that go in and figures that come out (F98)."""

    inputs: dict[Column, Feature] = Field(
        default_factory=dict, max_length=500, description="By column or role; each is of a feature set."
    )
    outputs: dict[Column, Feature] = Field(default_factory=dict, max_length=500, description="What comes out.")


class WatchedMetric(Part):
    minimum: float | None = Field(None, description="Below it the metric is out of bounds.")
    maximum: float | None = Field(None, description="Above it the metric is out of bounds.")


class DriftSettings(Part):
    threshold: float = Field(0.30, ge=0, description="Effect size from which it counts (decision D5).")
    window_hours: int = Field(24, ge=1, le=24 * 90, description="Length of a window.")
    minimum_sample: int = Field(500, ge=1, description="Fewer is not enough data, never no drift.")


class Freshness(Part):
    max_age_hours: int = Field(48, ge=1, description="Newest data at most this old.")


class AlertRule(Part):
    signal: Short = Field(description="A metric, or a signal of those below.")
    comparison: Literal["above", "below"] = Field("below", description="On which side of the value it rings.")
    value: float = Field(description="The bound.")
    severity: Literal["info", "warning", "critical"] = Field("warning", description="How loud.")


class Monitoring(Part):
    """What is watched once a version is live (F100)."""

    metrics: dict[MetricKey, WatchedMetric] = Field(default_factory=dict, description="Bounds of live metrics.")
    drift: DriftSettings = DriftSettings()  # type: ignore[call-arg]
    freshness: Freshness = Freshness()  # type: ignore[call-arg]
    alerts: dict[Name, AlertRule] = Field(default_factory=dict, description="What somebody must see.")


class Manifest(Part):
    """A whole (effective) manifest. What depends on the family is checked by ``experiments.recipes.checking``."""

    format: Literal[1] = Field(1, description="Of the manifest itself.")
    family: Family = Field(strict=False, description="The recipe's own; filled in where it is left out.")
    metadata: Metadata = Metadata()
    requirements: Requirements = Requirements()
    pipeline: Pipeline
    lineage: Lineage = Lineage()
    monitoring: Monitoring = Monitoring()
