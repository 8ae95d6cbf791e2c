"""How a method would have done: several origins in time, each with a model that knows only what came before.

A backtest judges the method and keeps no model. Figures are means over its folds, each fold stands beside them, and
how much folds differ is told with the protocol. There are no results of single users to pair: folds share users.
"""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.learning.data.rolling import Window, rolling_origins
from experiments.learning.metrics.over_folds import deviations, over_folds
from experiments.learning.metrics.result import Evaluation
from experiments.learning.model_files import SavedFile
from experiments.learning.recommenders.registry import get
from experiments.learning.tabular.base import TablePart, TabularData
from experiments.learning.tabular.evaluations import EVALUATE
from experiments.learning.tabular.splits import split_table
from experiments.services import outbox
from experiments.services.runs import recommenders, tables
from experiments.services.runs.steps import FOLDS, FoldObserver, Site, only_reports
from experiments.services.spec import table_split


class Backtest(ABC):
    """What backtests of both kinds share: a step a fold, and figures over all of them."""

    best_epoch: int | None = None

    def __init__(self, site: Site) -> None:
        self.site = site
        self.found: list[Evaluation] = []

    @abstractmethod
    def fold_names(self) -> list[dict[str, Any]]:
        """What each fold is, for its page: name, test rows."""

    @abstractmethod
    def judge_fold(self, number: int) -> Evaluation:
        """Fits and judges the n-th fold, from 0."""

    def learn(self) -> None:
        context = self.site.context
        context.commit(outbox.record_start)
        names = self.fold_names()
        context.phase(FOLDS, total=len(names))
        for number, fold in enumerate(names):
            context.log(f"Fold {number + 1} of {len(names)}: {fold['name']}, {fold['test_rows']:,} test rows.")
            self.found.append(self.judge_fold(number))
            context.progress(number + 1)

    def judge(self) -> Evaluation:
        metrics = [evaluation.metrics for evaluation in self.found]
        return Evaluation(
            metrics=tuple(over_folds(metrics)),
            protocols=_protocols(self.found, self.fold_names(), deviations(metrics)),
            per_user=pd.DataFrame(),
        )

    def save(self, folder: Path, documents: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[SavedFile]:
        return only_reports(folder, documents, tables)


class BacktestRecommender(Backtest):
    windows: list[Window]

    def read(self) -> None:
        self.interactions = recommenders.read(self.site.run)
        said = self.site.run.split
        self.windows = rolling_origins(
            self.interactions,
            folds=said["folds"],
            test_share=said["test_share"],
            validation_share=said["validation_share"],
        )

    def fold_names(self) -> list[dict[str, Any]]:
        return [
            {"name": f"{_day(one.start)} to {_day(one.end)}", "test_rows": len(one.split.test)} for one in self.windows
        ]

    def judge_fold(self, number: int) -> Evaluation:
        run = self.site.run
        architecture = get(run.architecture)
        prepared = recommenders.prepared(self.interactions, self.windows[number].split)
        fitted = architecture.fit(
            prepared.data,
            architecture.validate(run.parameters),
            seed=run.seed,
            observer=FoldObserver(self.site.context),
        )
        return recommenders.judged(prepared, fitted, recommenders.settings_of(run))

    def statistics(self) -> dict[str, Any]:
        last = recommenders.prepared(self.interactions, self.windows[-1].split)
        tested = sum(len(one.split.test) for one in self.windows)
        return recommenders.statistics_of(last) | {"num_test": tested, "folds": len(self.windows)}


class BacktestTable(Backtest):
    data: TabularData
    parts: list[TablePart]

    def read(self) -> None:
        self.data = tables.read(self.site.run)
        self.parts = split_table(self.data, table_split(self.site.run.split))

    def fold_names(self) -> list[dict[str, Any]]:
        return [{"name": f"after {part.name}", "test_rows": len(part.test)} for part in self.parts]

    def judge_fold(self, number: int) -> Evaluation:
        part = self.parts[number]
        fitted = tables.fit(self.site, self.data, part)
        split = table_split(self.site.run.split)
        return tables.evaluation_of(self.data.family, EVALUATE[self.data.family]([fitted], self.data, [part], split))

    def statistics(self) -> dict[str, Any]:
        return tables.statistics_of(self.data, self.parts)


def _protocols(
    found: Sequence[Evaluation], folds: list[dict[str, Any]], spread: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """The last fold's definitions, which hold for all, with the folds and their standard deviations."""
    return {
        name: {
            **stored,
            "backtest": True,
            "folds": folds,
            "deviation": {
                key.partition(".")[2]: value for key, value in spread.items() if key.partition(".")[0] == name
            },
        }
        for name, stored in found[-1].protocols.items()
    }


def _day(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date().isoformat()
