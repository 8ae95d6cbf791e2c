"""The plan of a model: what its live version has not learnt from, or another dataset of the same kind."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.learnt_rows import learnt_interactions, learnt_table_rows
from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.data.splits import split
from experiments.learning.families import Family
from experiments.learning.tabular.base import TabularData
from experiments.learning.tabular.columns import days
from experiments.learning.tabular.splits import split_table
from experiments.models import Dataset, ModelVersion
from experiments.services.runs import tables
from experiments.services.spec import split_spec, table_split
from mlopspro.serving.replay.injection import Plan
from mlopspro.serving.replay.list_plan import ListPlan, Truth
from mlopspro.serving.replay.table_plan import TablePlan
from mlopspro.serving.table_inputs import inputs_of


def plan_of(version: ModelVersion, *, dataset: Dataset | None = None, truth: Truth = "whole") -> Plan:
    """The test part of the version's own dataset by its own split, or of ``dataset`` what it has not learnt from.

    A version that learnt again up to the newest row (a forecaster, a backtested model) has seen its last test part;
    that part is replayed all the same, of a forecaster as if its days came whole weeks later.

    Raises DatasetError or TableError where the data cannot be read, ValueError where nothing is held out, or the
    dataset is of another family.
    """
    if dataset is not None and dataset.family != version.dataset.family:
        raise ValueError(
            f"dataset is {dataset.name!r} of the family {dataset.family}; accepted: one of {version.dataset.family}"
        )
    return _rows(version, dataset) if version.dataset.is_table else _lists(version, dataset, truth)


def _lists(version: ModelVersion, dataset: Dataset | None, truth: Truth) -> ListPlan:
    learnt = read_snapshot(version.dataset.path)
    parts = split(learnt, split_spec(version.split))
    known = np.concatenate([parts.train, parts.validation])
    if dataset is None or dataset.pk == version.dataset_id:
        return ListPlan(learnt, known, parts.test, truth=truth)
    asked = read_snapshot(dataset.path)
    seen = learnt_interactions(asked, learnt, known)
    return ListPlan(asked, np.flatnonzero(seen), np.flatnonzero(~seen), truth=truth)


def _rows(version: ModelVersion, dataset: Dataset | None) -> TablePlan:
    run = version.experiment
    learnt = tables.read(run, version.dataset)
    part = split_table(learnt, table_split(version.split))[-1]
    known = np.concatenate([part.train, part.validation])
    asked_for = [
        column.name
        for column in inputs_of(learnt.family, learnt.roles, run.preparation, version.dataset.columns).columns
    ]
    if dataset is None or dataset.pk == version.dataset_id:
        return TablePlan(learnt, known, part.test, columns=asked_for, days_later=_days_later(learnt, part.test))
    asked = tables.read(run, dataset)
    try:
        seen = learnt_table_rows(asked.frame, learnt.frame, known, learnt.roles.columns())
    except KeyError as error:
        raise DatasetError(
            "column", "is missing from the dataset", value=error.args[0], accepted="the columns of the version's own"
        ) from error
    return TablePlan(asked, np.flatnonzero(seen), np.flatnonzero(~seen), columns=asked_for)


def _days_later(data: TabularData, test: NDArray[np.int64]) -> int:
    """A forecaster answers for days after its newest one alone: whole weeks, so that Mondays stay Mondays."""
    if data.family is not Family.FORECASTING:
        return 0
    asked = days(data.frame, data.roles.time)[test]
    return 7 * math.ceil((int(asked.max()) - int(asked.min()) + 1) / 7)
