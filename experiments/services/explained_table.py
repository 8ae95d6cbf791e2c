"""A trained model on a table in a web process, ready to be explained: its scorer, rows to ask about, and a background.

As ``explained_model``: read once, every file checked against its SHA-256, kept under those hashes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.artifacts import ARRAYS_FILE, SCORER_FILES, ArtifactError
from experiments.learning.data.errors import DatasetError
from experiments.learning.explain.coming_days import coming_days
from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.table_split import TableSplit, mean_size
from experiments.learning.explain.tables import MOST_BACKGROUND, require_explainable, spaced, table_shapley
from experiments.learning.families import ABOUT, Family
from experiments.learning.tabular.base import Roles, TableError, TableScorer, TabularData
from experiments.learning.tabular.splits import split_table
from experiments.models import Artifact, Experiment
from experiments.services.explained_model import CannotExplain
from experiments.services.kept_models import MOST_BYTES, MOST_MODELS, KeptModels
from experiments.services.runs.stored_model import table_model_of
from experiments.services.runs.tables import read
from experiments.services.spec import table_split

MOST_ROWS = 2_000
"""Rows of the test part that can be asked about, evenly spaced."""
JUDGED_ROWS = 120
"""Rows of which the importance of columns is the mean."""
MOST_TABLE_ROWS = 5_000_000


@dataclass(frozen=True)
class ExplainedTable:
    """``rows`` are what can be asked about and ``numbers`` how they are called: the row's number in the table (from 1),
    of forecasts a number of their own. ``background`` is what parts are measured against.

    ``judged`` are the Shapley values of at most 120 of the rows, ``importance`` their mean sizes.
    """

    scorer: TableScorer
    family: Family
    roles: Roles
    rows: pd.DataFrame
    numbers: tuple[int, ...]
    background: pd.DataFrame
    judged: TableSplit
    importance: list[dict[str, Any]]

    @property
    def size(self) -> int:
        arrays = sum(array.nbytes for array in self.scorer.arrays().values())
        return arrays + int(self.rows.memory_usage(deep=True).sum())


_KEPT: KeptModels[ExplainedTable] = KeptModels()


def explained_table(run: Experiment) -> ExplainedTable:
    """The model of a completed training run on a table: one query where it is kept, two where it is read.

    Raises CannotExplain: files are missing or changed, the data is too large for a page, or the model has no exact
    parts.
    """
    files = {row.name: row for row in Artifact.objects.filter(experiment=run, name__in=SCORER_FILES)}
    if len(files) < len(SCORER_FILES):
        raise CannotExplain("The run left no stored model behind, so there is nothing to explain.")
    hashes = [files[name].sha256 for name in SCORER_FILES]
    key = json.dumps([*hashes, run.trained_on.sha256, run.split, run.preparation], sort_keys=True)

    def load() -> ExplainedTable:
        if files[ARRAYS_FILE].size_bytes > MOST_BYTES:
            raise CannotExplain(f"The model is larger than the {MOST_BYTES >> 20} MiB that a page explains.")
        if run.trained_on.num_interactions > MOST_TABLE_ROWS:
            raise CannotExplain(f"The table has more than the {MOST_TABLE_ROWS:,} rows that a page reads.")
        return _loaded(run)

    return _KEPT.get_or_load(key, load, models=MOST_MODELS, size=MOST_BYTES)


def forget() -> None:
    """Drops every kept model."""
    _KEPT.forget()


def _loaded(run: Experiment) -> ExplainedTable:
    try:
        scorer = table_model_of(run)
        require_explainable(scorer)
        return _made(run, scorer, read(run))
    except (ArtifactError, DatasetError, NotExplainable, TableError) as error:
        raise CannotExplain(str(error)) from error


def importance_of_table(run: Experiment, scorer: TableScorer, data: TabularData) -> list[dict[str, Any]]:
    """[{"name", "size", "share"}] of a model of this run, the largest first. Raises as the functions it is made of:
    NotExplainable, TableError, DatasetError."""
    require_explainable(scorer)
    return _made(run, scorer, data).importance


def _made(run: Experiment, scorer: TableScorer, data: TabularData) -> ExplainedTable:
    if data.family is Family.FORECASTING:
        asked = coming_days(scorer, data)
        numbers = np.arange(1, len(asked) + 1)
        known = asked
    else:
        part = split_table(data, table_split(run.split))[-1]
        numbers, asked = part.test + 1, data.frame.iloc[part.test]
        known = data.frame.iloc[part.train]
    columns = [name for name in asked.columns if name in inputs_of(data.family, data.roles)]
    chosen = np.unique(np.linspace(0, len(asked) - 1, min(len(asked), MOST_ROWS)).round().astype(np.int64))
    rows = asked.iloc[chosen][columns].reset_index(drop=True)
    background = spaced(known[columns], MOST_BACKGROUND).reset_index(drop=True)
    judged = table_shapley(scorer, spaced(rows, JUDGED_ROWS), background)
    return ExplainedTable(
        scorer=scorer,
        family=data.family,
        roles=data.roles,
        rows=rows,
        numbers=tuple(int(each) for each in numbers[chosen]),
        background=background,
        judged=judged,
        importance=mean_size(judged),
    )


def inputs_of(family: Family, roles: Roles) -> tuple[str, ...]:
    """Columns of the table that a prediction may read: all with a role but what is predicted and whose row it is."""
    unknown = {roles.target, roles.quantity, roles.outcome, roles.unit}
    taken = {
        name
        for role in ABOUT[family].roles
        if role.name not in ("target", "quantity", "outcome", "unit")
        for name in _as_tuple(getattr(roles, role.name))
    }
    return tuple(name for name in roles.columns() if name in taken and name not in unknown)


def _as_tuple(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value
