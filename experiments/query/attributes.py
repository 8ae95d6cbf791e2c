"""What a run has besides metrics, parameters and tags: names, other names for them, and what their values may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AttributeKind = Literal["text", "choice", "number", "moment", "duration", "id"]


@dataclass(frozen=True)
class Attribute:
    """``choices`` are what a choice accepts; ``synonyms`` are other words for them, for example MLflow's."""

    name: str
    kind: AttributeKind
    also: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    synonyms: tuple[tuple[str, str], ...] = ()


STATUSES = ("draft", "queued", "running", "completed", "failed", "cancelled")
_MLFLOW_STATUSES = (("finished", "completed"), ("killed", "cancelled"), ("scheduled", "queued"))

FAMILIES = ("recommendation", "forecasting", "pricing", "next_best_action", "location_scoring")

_ALL = (
    Attribute("name", "text", also=("run_name",)),
    Attribute("id", "id", also=("run_id",)),
    Attribute("status", "choice", choices=STATUSES, synonyms=_MLFLOW_STATUSES),
    Attribute("created_at", "moment", also=("created",)),
    Attribute("started_at", "moment", also=("started", "start_time")),
    Attribute("finished_at", "moment", also=("finished", "end_time")),
    Attribute("duration", "duration"),
    Attribute("dataset", "text"),
    Attribute("architecture", "text"),
    Attribute("model_type", "text"),
    Attribute("settings_hash", "text", also=("configuration",)),
    Attribute("family", "choice", choices=FAMILIES),
    Attribute("recipe", "text", also=("recipe_version",)),
    Attribute("search", "text"),
    Attribute("trial", "number"),
    Attribute("run_type", "choice", choices=("train", "eval", "backtest"), synonyms=(("training", "train"),)),
    Attribute("origin", "choice", choices=("here", "mlflow")),
    Attribute("created_by", "text", also=("by", "user", "user_id")),
    Attribute("notes", "text", also=("note",)),
    Attribute("seed", "number"),
    Attribute("best_epoch", "number"),
    Attribute("total_parameters", "number"),
)
ATTRIBUTES = {one.name: one for one in _ALL}
NAMES = {name: one for one in _ALL for name in (one.name, *one.also)}

PREFIXES = {
    "metrics": "metric",
    "metric": "metric",
    "params": "parameter",
    "param": "parameter",
    "parameters": "parameter",
    "parameter": "parameter",
    "tags": "tag",
    "tag": "tag",
    "attributes": "attribute",
    "attribute": "attribute",
    "attr": "attribute",
}
PROTOCOLS = (
    "rated",
    "catalogue",
    "pointwise",
    "forecast",
    "demand",
    "action",
    "spatial",
    "validation",
    "custom",
    "logged",
)
