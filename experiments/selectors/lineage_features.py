"""Which columns of the data the runs of a lineage learn from (F200): from the data's roles, the run's preparation and
what its recipe says of inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from experiments.learning.architectures import find
from experiments.learning.recommenders.base import Architecture
from experiments.models import Dataset, Experiment, ModelVersion, Stage


@dataclass
class FeatureUse:
    """One column: what it is to the models, and which of the shown runs and versions learn from it."""

    name: str
    role: str
    description: str = ""
    runs: list[Experiment] = field(default_factory=list)
    versions: list[ModelVersion] = field(default_factory=list)
    unused: list[Experiment] = field(default_factory=list)
    """Runs on data that has it, which do not use it."""

    @property
    def is_live(self) -> bool:
        return any(version.stage == Stage.PRODUCTION for version in self.versions)


@dataclass(frozen=True)
class Features:
    inputs: tuple[FeatureUse, ...]
    outputs: tuple[tuple[str, str], ...]
    """(name, description) as recipes declare what comes out."""


def features_of(runs: Sequence[Experiment], versions: Sequence[ModelVersion]) -> Features:
    """Every column any of these runs has; no query. Runs come with their dataset and ``declared`` (lineage_rows)."""
    made: dict[Any, list[ModelVersion]] = {}
    for version in versions:
        made.setdefault(version.experiment_id, []).append(version)
    found: dict[str, FeatureUse] = {}
    outputs: dict[str, str] = {}
    for run in runs:
        declared = getattr(run, "declared", None) or {}
        inputs = declared.get("inputs") or {}
        outputs |= {name: _words(said) for name, said in (declared.get("outputs") or {}).items()}
        used = used_columns(run)
        for name, role in available_columns(run).items():
            one = found.setdefault(name, FeatureUse(name, role))
            one.description = one.description or _words(inputs.get(name))
            if name in used:
                one.runs.append(run)
                one.versions += made.get(run.pk, [])
            else:
                one.unused.append(run)
    order = sorted(found.values(), key=lambda one: (not one.is_live, not one.versions, -len(one.runs)))
    return Features(tuple(order), tuple(outputs.items()))


def available_columns(run: Experiment) -> dict[str, str]:
    """Columns of a run's data by name, with what each is in words."""
    if run.dataset is None:
        return {}
    return _table(run) if run.dataset.is_table else _interactions(run.dataset)


def used_columns(run: Experiment) -> set[str]:
    """Those a run learns from. Keys of rows always; features where the architecture takes them and nothing left
    them out."""
    if run.dataset is None:
        return set()
    prepared = run.preparation.get("features") or {}
    use, out = prepared.get("use"), set(prepared.get("leave_out") or [])
    if not run.dataset.is_table:
        return _used_interactions(run, use, out)
    roles = _table(run)
    optional = {name for name, role in roles.items() if role in ("numeric", "categorical")}
    chosen = optional if use is None else optional & set(use)
    return (set(roles) - optional) | (chosen - out)


def _used_interactions(run: Experiment, use: Sequence[str] | None, out: set[str]) -> set[str]:
    dataset = run.trained_on
    used = {"user", "item", "rating" if dataset.feedback == "explicit" else "event"}
    if dataset.has_timestamps and run.split.get("method") in ("time", "leave_last_out"):
        used.add("timestamp")
    architecture = find(run.architecture)
    if isinstance(architecture, Architecture) and architecture.framework == "keras":
        features = {*dataset.user_features, *dataset.item_features}
        used |= (features if use is None else features & set(use)) - out
    return used


def _interactions(dataset: Dataset) -> dict[str, str]:
    value = ("rating", "value that is learnt") if dataset.feedback == "explicit" else ("event", "strength of an event")
    found = {"user": "who", "item": "what", value[0]: value[1]}
    if dataset.has_timestamps:
        found["timestamp"] = "when; divides the data where the split is by time"
    found |= dict.fromkeys(dataset.user_features, "feature of users")
    return found | dict.fromkeys(dataset.item_features, "feature of items")


def _table(run: Experiment) -> dict[str, str]:
    """Columns with a role; of several roles the first one counts."""
    roles: Mapping[str, Any] = run.preparation.get("roles") or run.trained_on.roles
    found: dict[str, str] = {}
    for role, value in roles.items():
        names = [value] if isinstance(value, str) else value
        if role != "control" and isinstance(names, (list, tuple)):
            found |= {str(name): role for name in names if name and name not in found}
    return found


def _words(said: Any) -> str:
    return str(said.get("description") or said.get("source") or "") if isinstance(said, Mapping) else ""
