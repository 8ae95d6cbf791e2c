"""What a run is asked for, in one typed form that page, API and command share. Bounds stand here and nowhere else."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from experiments.learning.data.splits import SplitMethod, SplitSpec
from experiments.services.labels import distinct_tags, plain_text

MAX_SEED = 2**31 - 1
Tracker = Literal["mlflow", "wandb"]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what was asked: which field, and what would be accepted."""

    field: str
    message: str


class Refused(Exception):
    """What was asked cannot be done; ``problems`` says why, field by field, in words for people."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.message}" for problem in problems))
        self.problems = problems


class TooMany(Refused):
    """Refused because a quota is used up; worth trying again later."""


class SplitChoice(BaseModel):
    """How the data is divided. Shares are of all rows (test) and of the rest (validation)."""

    model_config = ConfigDict(extra="forbid")

    method: SplitMethod = Field("random", title="Split", description="random, time, leave_last_out or given")
    test_share: float = Field(0.2, ge=0.01, le=0.9, title="Test share")
    validation_share: float = Field(0.1, ge=0.01, le=0.5, title="Validation share")
    seed: int = Field(42, ge=0, le=MAX_SEED, title="Split seed")

    def spec(self) -> SplitSpec:
        return SplitSpec(self.method, self.test_share, self.validation_share, self.seed)


class LaunchSpec(BaseModel):
    """One training run as asked for. Unknown fields are refused."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "hybrid on MovieLens",
                    "dataset": "6f2c…",
                    "architecture": "hybrid",
                    "parameters": {"epochs": 10},
                }
            ]
        },
    )

    name: str = Field(
        "", max_length=200, description="Shown everywhere; made from architecture and dataset where empty."
    )
    dataset: uuid.UUID
    architecture: str = Field("hybrid", max_length=60)
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Hyperparameters of the architecture; the rest takes its defaults."
    )
    split: SplitChoice | None = Field(None, description="Left out: what suits the dataset.")
    seed: int = Field(42, ge=0, le=MAX_SEED, description="Of initial weights, shuffling and sampling (random_state).")
    trackers: list[Tracker] = Field(default_factory=lambda: list(get_args(Tracker)))
    notes: str = Field("", max_length=10_000)
    tags: list[str] = Field(default_factory=list, max_length=20)

    @field_validator("name", "notes")
    @classmethod
    def no_control_characters(cls, value: str) -> str:
        return plain_text(value)

    @field_validator("tags")
    @classmethod
    def short_distinct_tags(cls, tags: list[str]) -> list[str]:
        return distinct_tags(tags)

    @field_validator("trackers")
    @classmethod
    def each_tracker_once(cls, trackers: list[Tracker]) -> list[Tracker]:
        return list(dict.fromkeys(trackers))


def problems_of(error: ValidationError, prefix: str = "") -> list[Problem]:
    """pydantic's findings in our words: field, value and what would be accepted."""
    found = []
    for item in error.errors(include_url=False):
        path = ".".join(str(part) for part in item["loc"])
        value = item.get("input")
        shown = "" if isinstance(value, (dict, list)) or item["type"] == "missing" else f" (given: {str(value)[:80]!r})"
        found.append(Problem(f"{prefix}{path}" or "body", f"{item['msg']}{shown}"))
    return found


def config_hash(
    *, dataset_sha256: str, architecture: str, parameters: dict[str, Any], split: dict[str, Any], seed: int
) -> str:
    """SHA-256 over everything that decides a run's numbers; equal hashes mean the same computation."""
    return _hash(
        {
            "dataset": dataset_sha256,
            "architecture": architecture,
            "parameters": parameters,
            "split": split,
            "seed": seed,
        }
    )


def settings_hash(*, dataset_sha256: str, architecture: str, parameters: dict[str, Any], split: dict[str, Any]) -> str:
    """SHA-256 over the same without its seeds; equal hashes mean repetitions of one configuration."""
    seedless = {key: value for key, value in split.items() if key != "seed"}
    return _hash({"dataset": dataset_sha256, "architecture": architecture, "parameters": parameters, "split": seedless})


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
