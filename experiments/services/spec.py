"""What a run is asked for, in one typed form that page, API and command share. Bounds stand here and nowhere else."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from experiments.learning.data.splits import SplitMethod, SplitSpec
from experiments.learning.distributed.fit import MOST as MOST_PROCESSES
from experiments.learning.tabular.base import Roles, TableSplit, TableSplitMethod
from experiments.services.labels import distinct_tags, plain_text

MAX_SEED = 2**31 - 1
Tracker = Literal["mlflow", "wandb"]
RunKind = Literal["train", "eval", "backtest"]
AnySplitMethod = Literal["random", "time", "leave_last_out", "given", "rolling_origin", "spatial_blocks"]
INTERACTION_METHODS: tuple[str, ...] = get_args(SplitMethod)
TABLE_METHODS: tuple[str, ...] = get_args(TableSplitMethod)
BACKTEST_METHOD = "rolling_origin"
SHARES = ("test_share", "validation_share", "seed")
INTERACTION_FIELDS = {BACKTEST_METHOD: (*SHARES, "folds")}
TABLE_FIELDS = {
    "time": ("test_share", "validation_share"),
    "rolling_origin": ("folds", "horizon", "validation_share"),
    "spatial_blocks": (*SHARES, "block_km"),
}
"""Fields of a split that mean something under its method; shares and seed under any other."""


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
    """How the data is divided. Shares are of all rows (test) and of the rest (validation).

    Interactions: random, time, leave_last_out, given; a backtest rolling_origin, with ``folds`` windows that together
    are the test share. Tables: random, time, rolling_origin (``folds`` origins, each tested on the ``horizon`` days
    after it) and spatial_blocks (whole squares of ``block_km``).
    """

    model_config = ConfigDict(extra="forbid")

    method: AnySplitMethod = Field("random", title="Split")
    test_share: float = Field(0.2, ge=0.01, le=0.9, title="Test share")
    validation_share: float = Field(0.1, ge=0.01, le=0.5, title="Validation share")
    seed: int = Field(42, ge=0, le=MAX_SEED, title="Split seed")
    folds: int = Field(3, ge=1, le=50, title="Folds")
    horizon: int = Field(14, ge=1, le=366, title="Horizon in days")
    block_km: float = Field(10.0, gt=0, le=1000, title="Block side in km")

    def stored(self, *, of_table: bool) -> dict[str, Any]:
        """What decides the division: what does not apply to the method is left out, so it changes no hash."""
        names = (TABLE_FIELDS if of_table else INTERACTION_FIELDS).get(self.method, SHARES)
        return {"method": self.method, **self.model_dump(mode="json", include=set(names))}


def split_spec(stored: dict[str, Any]) -> SplitSpec:
    """Of interactions, from what a run keeps."""
    return SplitSpec(**{name: stored[name] for name in ("method", *SHARES) if name in stored})


def table_split(stored: dict[str, Any]) -> TableSplit:
    """Of a table, from what a run keeps."""
    return TableSplit.model_validate(stored)


class LaunchSpec(BaseModel):
    """One run as asked for: training, evaluation of a trained model, or backtest. Unknown fields are refused.

    With ``recipe_version`` the recipe says architecture, hyperparameters, split and preparation; they may be left out,
    and what is given must agree. With ``run_type`` eval everything but data and split comes from ``evaluates``.
    """

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
    architecture: str = Field("", max_length=60, description="Left out: the family's first; hybrid for interactions.")
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="Hyperparameters of the architecture; the rest takes its defaults."
    )
    split: SplitChoice | None = Field(None, description="Left out: what suits the dataset.")
    roles: Roles | None = Field(None, description="Of tables: which column is what, where not as the dataset says.")
    run_type: RunKind = "train"
    evaluates: uuid.UUID | None = Field(None, description="Of an evaluation: the training run whose model is judged.")
    recipe_version: uuid.UUID | None = None
    register_as: uuid.UUID | None = Field(None, description="Model of which it becomes a version when it completes.")
    auto_promote: bool = Field(False, description="Promote that version if the gate lets it through.")
    seed: int = Field(42, ge=0, le=MAX_SEED, description="Of initial weights, shuffling and sampling (random_state).")
    processes: int = Field(
        1, ge=1, le=MOST_PROCESSES, description="Of this machine, among which a Keras network's training is spread."
    )
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
    *,
    dataset_sha256: str,
    architecture: str,
    parameters: dict[str, Any],
    split: dict[str, Any],
    seed: int,
    further: dict[str, Any] | None = None,
) -> str:
    """SHA-256 over everything that decides a run's numbers; equal hashes mean the same computation.

    ``further``: preparation and kind of run, without what is as ever; a plain training run has none of it.
    """
    return _hash(
        {
            "dataset": dataset_sha256,
            "architecture": architecture,
            "parameters": parameters,
            "split": split,
            "seed": seed,
            **(further or {}),
        }
    )


def settings_hash(
    *,
    dataset_sha256: str,
    architecture: str,
    parameters: dict[str, Any],
    split: dict[str, Any],
    further: dict[str, Any] | None = None,
) -> str:
    """SHA-256 over the same without its seeds; equal hashes mean repetitions of one configuration."""
    seedless = {key: value for key, value in split.items() if key != "seed"}
    return _hash(
        {
            "dataset": dataset_sha256,
            "architecture": architecture,
            "parameters": parameters,
            "split": seedless,
            **(further or {}),
        }
    )


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
