"""Judging a completed training run's model again, on its own dataset or another one of its family.

What the model learnt from - training and validation rows - is never a test row: such rows are left out and counted.
Users, items and kinds it never met are cold, and counted too. Nothing is fitted, and no model is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.learnt_rows import learnt_interactions, learnt_table_rows
from experiments.learning.data.snapshot import read_snapshot
from experiments.learning.data.splits import Split, split
from experiments.learning.families import Family
from experiments.learning.metrics.result import Evaluation
from experiments.learning.model_files import SavedFile
from experiments.learning.recommenders.base import Fitted
from experiments.learning.recommenders.mapped import MappedScorer
from experiments.learning.tabular.base import Rows, TableError, TablePart, TabularData, TabularFitted
from experiments.learning.tabular.columns import times
from experiments.learning.tabular.evaluations import EVALUATE
from experiments.learning.tabular.splits import split_table
from experiments.models import Experiment
from experiments.services import outbox
from experiments.services.runs import recommenders, stored_model, tables
from experiments.services.runs.steps import Site, only_reports
from experiments.services.spec import split_spec, table_split


def source_of(run: Experiment) -> Experiment:
    """The training run whose model is judged."""
    if run.evaluates is None:
        raise LookupError(f"{run.name} evaluates no run")
    return run.evaluates


def nothing_left(tested: int) -> TableError:
    return TableError(
        f"The model has learnt from all {tested:,} test rows, so nothing is left to judge it by. "
        "Accepted: newer data, or a split whose test rows it has not seen."
    )


class EvaluateRecommender:
    best_epoch: int | None = None

    def __init__(self, site: Site) -> None:
        self.site = site
        self.prepared: recommenders.Prepared
        self.mapped: MappedScorer
        self.predicts_ratings = False
        self.dropped = 0

    def read(self) -> None:
        run, source = self.site.run, source_of(self.site.run)
        scorer, self.predicts_ratings = stored_model.recommender_of(source)
        asked = read_snapshot(run.trained_on.path)
        same = run.dataset_id == source.dataset_id
        learnt = asked if same else read_snapshot(source.trained_on.path)
        parts = split(learnt, split_spec(source.split))
        learnt_rows = np.concatenate([parts.train, parts.validation])
        own = split(asked, split_spec(run.split))
        seen = np.isin(np.arange(len(asked)), learnt_rows) if same else learnt_interactions(asked, learnt, learnt_rows)
        test = own.test[~seen[own.test]]
        self.dropped = len(own.test) - len(test)
        if not len(test):
            raise nothing_left(len(own.test))
        self.prepared = recommenders.prepared(asked, Split(own.train, own.validation, test))
        self.mapped = MappedScorer.of(scorer, learnt, asked, learnt_rows)

    def learn(self) -> None:
        self.site.context.commit(outbox.record_start)
        self.site.context.log(
            f"Judging the model of {source_of(self.site.run).name}: {len(self.prepared.test):,} test rows, "
            f"{self.dropped:,} left out as it has learnt from them; {self._cold('user'):,} cold users and "
            f"{self._cold('item'):,} cold items among them."
        )

    def judge(self) -> Evaluation:
        settings = recommenders.settings_of(self.site.run, cut=stored_model.cut_of(source_of(self.site.run)))
        return recommenders.judged(self.prepared, Fitted(self.mapped, self.predicts_ratings), settings)

    def save(self, folder: Path, documents: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[SavedFile]:
        return only_reports(folder, documents, tables)

    def statistics(self) -> dict[str, Any]:
        return recommenders.statistics_of(self.prepared) | {
            "learnt_left_out": self.dropped,
            "cold_users": self._cold("user"),
            "cold_items": self._cold("item"),
        }

    def _cold(self, kind: str) -> int:
        """Users or items of the test part that the model has not learnt from."""
        cold = self.mapped.cold_users if kind == "user" else self.mapped.cold_items
        return int(np.count_nonzero(cold[np.unique(getattr(self.prepared.test, kind))]))


class EvaluateTable:
    best_epoch: int | None = None

    def __init__(self, site: Site) -> None:
        self.site = site
        self.data: TabularData
        self.parts: list[TablePart]
        self.model: TabularFitted
        self.dropped = 0

    def read(self) -> None:
        run, source = self.site.run, source_of(self.site.run)
        self.model = TabularFitted(stored_model.table_model_of(source))
        self.data = tables.read(run)
        learnt = self.data if run.dataset_id == source.dataset_id else tables.read(source)
        seen = _learnt(self.data, learnt, source)
        parts = split_table(self.data, table_split(run.split))
        left = [replace(part, test=part.test[~seen[part.test]]) for part in parts]
        tested = sum(len(part.test) for part in parts)
        self.parts = [part for part in left if len(part.test)]
        self.dropped = tested - sum(len(part.test) for part in self.parts)
        if not self.parts:
            raise nothing_left(tested)

    def learn(self) -> None:
        self.site.context.commit(outbox.record_start)
        self.site.context.log(
            f"Judging the model of {source_of(self.site.run).name}: {self.statistics()['num_test']:,} test rows, "
            f"{self.dropped:,} left out as it has learnt from them."
        )

    def judge(self) -> Evaluation:
        models = [self.model] * len(self.parts)
        found = EVALUATE[self.data.family](models, self.data, self.parts, table_split(self.site.run.split))
        return tables.evaluation_of(self.data.family, found)

    def save(self, folder: Path, documents: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[SavedFile]:
        return only_reports(folder, documents, tables)

    def statistics(self) -> dict[str, Any]:
        return tables.statistics_of(self.data, self.parts) | {"learnt_left_out": self.dropped}


def _learnt(asked: TabularData, learnt: TabularData, source: Experiment) -> NDArray[np.bool_]:
    """Rows of ``asked`` that the source's model has learnt from; of a forecaster everything up to its newest day."""
    parts = split_table(learnt, table_split(source.split))
    rows: Rows = (
        np.arange(len(learnt))
        if tables.is_refitted(learnt, parts)
        else np.concatenate([parts[-1].train, parts[-1].validation])
    )
    if asked.family is Family.FORECASTING:
        newest = times(learnt.frame, learnt.roles.time)[rows].max()
        return np.asarray(times(asked.frame, asked.roles.time) <= newest)
    if asked is learnt:
        return np.isin(np.arange(len(asked)), rows)
    return learnt_table_rows(asked.frame, learnt.frame, rows, learnt.roles.columns())
