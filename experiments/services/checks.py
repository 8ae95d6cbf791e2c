"""The data checks of a run's recipe: what the dataset's row says, judged at the start of the run and on its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from experiments.jobs import lifecycle
from experiments.jobs.context import JobContext
from experiments.learning.data.chosen_features import Features
from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.data.typed_features import is_list_column
from experiments.learning.tabular.base import Roles
from experiments.models import Dataset, Experiment
from experiments.recipes import data_checks
from experiments.recipes.data_checks import DataCheck, DataFacts

if TYPE_CHECKING:
    import pandas as pd

MISSING = "missing_share"
"""In a run's ``dataset_statistics``: share of missing values of each feature, where the dataset's row has none."""


class DataRefused(Exception):
    """The data is not what the recipe asks for, and the recipe says to stop."""


def checks_of(run: Experiment) -> list[DataCheck]:
    """Every check of the run's recipe with its outcome; empty without a recipe. No query but for the dataset."""
    manifest = data_checks.parsed(run.manifest)
    if manifest is None or run.dataset is None:
        return []
    counted = run.dataset_statistics.get(MISSING) or {}
    facts = facts_of(run.dataset, run.preparation, counted)
    return data_checks.checked(manifest, facts, run.queued_at or run.created_at)


def checks_of_data(manifest: Mapping[str, Any], dataset: Dataset) -> list[DataCheck]:
    """What a manifest asks of a dataset, before a run is launched; what only a run counts is not known."""
    found = data_checks.parsed(manifest)
    if found is None:
        return []
    features = found.pipeline.feature_prep.model_dump(exclude_defaults=True)
    return data_checks.checked(found, facts_of(dataset, {"features": features}), timezone.now())


def facts_of(dataset: Dataset, preparation: dict[str, Any], counted: Mapping[str, float] | None = None) -> DataFacts:
    """What the row of a dataset says of it. ``counted``: shares of missing values in features of users and items,
    which a run counts when it begins; those of a table stand in its row."""
    features = Features.of(preparation.get("features", {}))
    if dataset.is_table:
        roles = Roles.model_validate(preparation.get("roles") or dataset.roles or {})
        left_out = {*roles.numeric, *roles.categorical} - {*features.chosen((*roles.numeric, *roles.categorical))}
        columns = tuple(str(column["name"]) for column in dataset.columns)
        used = tuple(name for name in roles.columns() if name not in left_out)
        missing = {str(one["name"]): _share(one.get("missing"), dataset.num_interactions) for one in dataset.columns}
    else:
        columns = (*dataset.user_features, *dataset.item_features)
        used, missing = features.chosen(columns), dict(counted or {})
    return DataFacts(
        name=dataset.name,
        rows=dataset.num_interactions,
        users=None if dataset.is_table else dataset.num_users,
        items=None if dataset.is_table else dataset.num_items,
        columns=columns,
        roles=_roles_of(dataset, preparation),
        used=used,
        missing=missing,
        refused=dataset.num_refused,
        duplicates=dataset.num_duplicates,
        first_at=dataset.first_at,
        last_at=dataset.last_at,
    )


def _roles_of(dataset: Dataset, preparation: dict[str, Any]) -> tuple[str, ...]:
    """Roles that the data fills."""
    if dataset.is_table:
        roles = Roles.model_validate(preparation.get("roles") or dataset.roles or {})
        return tuple(name for name, columns in roles if columns and name != "control")
    filled = {
        "timestamp": dataset.has_timestamps,
        "user_features": bool(dataset.user_features),
        "item_features": bool(dataset.item_features),
    }
    return ("user", "item", "value", *(name for name, there in filled.items() if there))


def _share(missing: Any, rows: int) -> float:
    """A column's count of missing values as a share of the rows."""
    return float(missing or 0) / rows if rows else 0.0


def _count_missing(context: JobContext) -> None:
    """Of the features of users and items: their rows say nothing of it."""
    run: Experiment = context.job
    dataset = run.trained_on
    if dataset.is_table or not (dataset.user_features or dataset.item_features):
        return
    interactions = read_snapshot(dataset.path)
    frames = [frame for frame in (interactions.users, interactions.items) if frame is not None]
    shares = {str(name): _missing_share(frame[name]) for frame in frames for name in frame.columns}

    def write(row: Experiment) -> None:
        row.dataset_statistics = {**row.dataset_statistics, MISSING: shares}

    context.commit(write)
    run.dataset_statistics = {**run.dataset_statistics, MISSING: shares}


def _missing_share(cells: pd.Series) -> float:
    """An empty list (no genre) is missing as well."""
    absent = cells.map(len) == 0 if is_list_column(cells) else cells.isna()
    return round(float(absent.mean()), 6) if len(cells) else 0.0


def require(context: JobContext) -> None:
    """Writes what failed into the run's log. Raises DataRefused where the recipe says to stop."""
    run: Experiment = context.job
    if not run.manifest:
        return
    _count_missing(context)
    found = data_checks.failed(checks_of(run))
    if not found:
        return
    sentence = "; ".join(f"{check.label.lower()}: {check.text.rstrip('.')}" for check in found)
    manifest = data_checks.parsed(run.manifest)
    if manifest is not None and manifest.pipeline.quality.on_failure == "stop":
        raise DataRefused(f"{run.trained_on.name} does not pass the data checks of {run.recipe_version}: {sentence}.")
    context.commit(
        lambda row: lifecycle.note(row, f"Data checks failed, and the recipe goes on: {sentence}.", "warning")
    )
