"""Models, versions and their history as the registry's API tells them.

States have the outer words of decision D1: a version in development is a draft, an archived one is retired.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from ninja import Field, Schema

from experiments.api import Envelope
from experiments.models import Deployment, ModelVersion, RegisteredModel, Stage, StageChange
from experiments.services.gate import Gate
from experiments.services.gate_words import threshold_words
from experiments.services.promotion import Blocker

OUTER = {Stage.DEVELOPMENT: "draft", Stage.ARCHIVED: "retired"}
STAGES = "draft, staging, production or retired"


class VersionOut(Schema):
    id: uuid.UUID
    model: uuid.UUID
    number: str
    status: str = Field(description=STAGES)
    status_since: dt.datetime
    run: uuid.UUID
    recipe_version: uuid.UUID | None
    recipe: str = Field(description="Name and number of the recipe version; empty without a recipe.")
    dataset: uuid.UUID
    dataset_sha256: str
    architecture: str
    parameters: dict[str, Any]
    split: dict[str, Any]
    seed: int
    config_hash: str
    metrics: dict[str, Any] = Field(description="Headline figures at registration, by protocol.")
    importance: list[dict[str, Any]] = Field(
        description="What its answers depend on: name and share, which sum to 1; empty while it is not worked out."
    )
    notes: str
    uri: str = Field(description="models:/name/1.2.0, as `manage.py fetch_model` takes it.")
    created_by: str
    created_at: dt.datetime


class FileOut(Schema):
    name: str
    kind: str
    size_bytes: int
    sha256: str


class VersionDetail(VersionOut):
    files: list[FileOut]


class ModelOut(Schema):
    id: uuid.UUID
    name: str
    description: str
    family: str
    recipe: uuid.UUID | None
    owner: str = Field(description="E-mail address; empty where nobody is.")
    tags: list[str]
    headline: str = Field(description="protocol.metric that the gate compares; empty: what suits the data.")
    minimum_improvement: float
    archived: bool
    versions: int
    production: VersionOut | None = Field(description="The version in production.")
    uri: str = Field(description="models:/name@champion, as MLflow's clients take it.")
    created_at: dt.datetime
    updated_at: dt.datetime


class ChangeOut(Schema):
    """One step of a version, with what spoke against it and the gate it was decided on."""

    version: uuid.UUID
    number: str
    kind: str = Field(description="registered, promoted, replaced, rolled_back or moved")
    from_status: str
    to_status: str
    at: dt.datetime
    by: str
    through: str
    reason: str
    forced: bool
    blockers: list[dict[str, Any]]
    gate: dict[str, Any]


class LiveOut(Schema):
    """What was in production at a moment; ``version`` is null where nothing was."""

    at: dt.datetime
    version: VersionOut | None
    since: dt.datetime | None
    until: dt.datetime | None = Field(description="Null: it still is.")


class BlockerOut(Schema):
    code: str
    message: str
    can_force: bool


class ThresholdOut(Schema):
    metric: str
    value: float | None
    minimum: float | None
    maximum: float | None
    blocks: bool
    passed: bool | None
    sentence: str


class GateOut(Schema):
    """The comparison with production. `passed` is null where something that counts is not known."""

    state: str
    passed: bool | None
    headline: str
    candidate: float | None
    production: float | None
    difference: float | None = Field(description="candidate - production, in the metric's own unit")
    low: float | None
    high: float | None
    improvement: float | None = Field(description="How much better; a share of production's value where `relative`.")
    minimum: float
    relative: bool
    units: int
    against: str = Field(description="Number of the version in production; empty where there is none.")
    sentence: str
    thresholds: list[ThresholdOut]
    evaluation_that_would_help: dict[str, Any] | None


class AssessmentOut(Schema):
    to_status: str
    blockers: list[BlockerOut]
    gate: GateOut | None


class ModelList(Envelope):
    data: list[ModelOut]
    count: int


class ModelAnswer(Envelope):
    data: ModelOut


class VersionList(Envelope):
    data: list[VersionOut]
    count: int


class VersionAnswer(Envelope):
    data: VersionDetail


class ChangeAnswer(Envelope):
    data: ChangeOut


class ChangeList(Envelope):
    data: list[ChangeOut]
    count: int


class LiveAnswer(Envelope):
    data: LiveOut


class AssessmentAnswer(Envelope):
    data: AssessmentOut


def status_word(stage: str) -> str:
    return OUTER.get(Stage(stage), stage) if stage else ""


def stage_of(word: str) -> str:
    """Of a word of ours or an outer one; "" where it is neither."""
    inner = {outer: stage.value for stage, outer in OUTER.items()} | {stage: stage for stage in Stage.values}
    return inner.get(word.strip().lower(), "")


def model_document(
    model: RegisteredModel, *, production: ModelVersion | None, versions: int, uri: str
) -> dict[str, Any]:
    return {
        "id": model.pk,
        "name": model.name,
        "description": model.description,
        "family": model.family,
        "recipe": model.recipe_id,
        "owner": model.owner.email if model.owner is not None else "",
        "tags": model.tags,
        "headline": model.headline,
        "minimum_improvement": model.minimum_improvement,
        "archived": model.archived_at is not None,
        "versions": versions,
        "production": version_document(production, model) if production is not None else None,
        "uri": uri,
        "created_at": model.created_at,
        "updated_at": model.updated_at,
    }


def version_document(version: ModelVersion, model: RegisteredModel | None = None) -> dict[str, Any]:
    recipe = version.recipe_version
    of = model or version.model
    plain = (
        "id", "number", "dataset_sha256", "architecture", "parameters", "split", "seed", "config_hash", "metrics",
        "importance",
        "notes", "created_at",
    )  # fmt: skip
    return {name: getattr(version, name) for name in plain} | {
        "model": of.pk,
        "status": status_word(version.stage),
        "status_since": version.stage_changed_at,
        "run": version.experiment_id,
        "recipe_version": version.recipe_version_id,
        "recipe": f"{recipe.recipe.name} {recipe.number}" if recipe is not None else "",
        "dataset": version.dataset_id,
        "uri": f"models:/{of.name}/{version.number}",
        "created_by": str(version.created_by or ""),
    }


def change_document(change: StageChange) -> dict[str, Any]:
    plain = ("kind", "at", "through", "reason", "forced", "blockers", "gate")
    return {name: getattr(change, name) for name in plain} | {
        "version": change.version_id,
        "number": change.version.number,
        "from_status": status_word(change.from_stage),
        "to_status": status_word(change.to_stage),
        "by": str(change.by or ""),
    }


def live_document(at: dt.datetime, found: Deployment | None) -> dict[str, Any]:
    return {
        "at": at,
        "version": version_document(found.version) if found is not None else None,
        "since": found.started_at if found is not None else None,
        "until": found.ended_at if found is not None else None,
    }


def assessment_document(stage: str, blockers: tuple[Blocker, ...], gate: Gate | None) -> dict[str, Any]:
    return {
        "to_status": status_word(stage),
        "blockers": [blocker.document() for blocker in blockers],
        "gate": _gate_document(gate) if gate is not None else None,
    }


def _gate_document(gate: Gate) -> dict[str, Any]:
    plain = (
        "state", "passed", "headline", "candidate", "production", "difference", "low", "high", "improvement",
        "minimum", "relative", "units", "against", "sentence",
    )  # fmt: skip
    offer = gate.offer
    return {name: getattr(gate, name) for name in plain} | {
        "thresholds": [
            {
                "metric": one.key, "value": one.value, "minimum": one.minimum, "maximum": one.maximum,
                "blocks": one.blocks, "passed": one.passed, "sentence": threshold_words(one),
            }
            for one in gate.thresholds
        ],
        "evaluation_that_would_help": (
            {"run_type": "eval", "evaluates": offer.evaluates, "dataset": offer.dataset, "split": offer.split}
            if offer is not None
            else None
        ),
    }  # fmt: skip
