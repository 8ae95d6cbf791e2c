"""Training on a table: one fit a fold, all of them judged; the model that is kept learns from as much as it may."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from experiments.learning.architectures import get
from experiments.learning.data.chosen_features import Features
from experiments.learning.data.table_snapshot import read_table
from experiments.learning.families import ABOUT, Family
from experiments.learning.metrics.result import Evaluation
from experiments.learning.model_files import SavedFile
from experiments.learning.tabular.artifacts import save_tabular
from experiments.learning.tabular.base import (
    Roles,
    TableError,
    TablePart,
    TabularArchitecture,
    TabularData,
    TabularEvaluation,
    TabularFitted,
)
from experiments.learning.tabular.evaluations import EVALUATE
from experiments.learning.tabular.splits import split_table
from experiments.models import Dataset, Experiment
from experiments.services.runs.steps import FOLDS, FoldObserver, Site
from experiments.services.spec import table_split

REFITTED = "all rows"


def read(run: Experiment, dataset: Dataset | None = None) -> TabularData:
    """The run's table, or another one read in the same way, with its roles and without what its recipe leaves out.

    Raises DatasetError.
    """
    dataset = dataset or run.trained_on
    features = Features.of(run.preparation.get("features", {}))
    roles = Roles.model_validate(run.preparation.get("roles") or run.trained_on.roles)
    chosen = {"numeric": features.chosen(roles.numeric), "categorical": features.chosen(roles.categorical)}
    return TabularData(
        read_table(dataset.path), roles.model_copy(update=chosen), Family(run.family), rare_below=features.rare_below
    )


def whole(part: TablePart) -> TablePart:
    """Everything up to the end: what was known at the last origin is learnt from, what was tested validates."""
    return TablePart(
        train=np.union1d(part.train, part.validation),
        validation=part.test,
        test=np.empty(0, np.int64),
        name=REFITTED,
    )


def is_refitted(data: TabularData, parts: list[TablePart]) -> bool:
    """Whether the model that is kept is a further one. Of one fold it is that fold's, which is the one that was judged;
    a forecaster, and whatever was judged over several origins, learns again up to the newest row: it is asked about
    days after it."""
    return data.family is Family.FORECASTING or len(parts) > 1


def fit(site: Site, data: TabularData, part: TablePart) -> TabularFitted:
    run = site.run
    architecture = get(run.architecture)
    if not isinstance(architecture, TabularArchitecture):
        raise TableError(f"{architecture.label} does not learn from tables.")
    observer = FoldObserver(site.context)
    found = architecture.fit(data, part, architecture.validate(run.parameters), seed=run.seed, observer=observer)
    if observer.total_parameters:

        def write(row: Experiment) -> None:
            row.total_parameters = observer.total_parameters

        site.context.commit(write)
    return found


def evaluation_of(family: Family, found: TabularEvaluation) -> Evaluation:
    """In the form that every run is recorded in; ``details`` go where pages find what they draw."""
    return Evaluation(
        metrics=tuple(found.metrics),
        protocols={ABOUT[family].protocol: found.protocol},
        per_user=found.per_unit,
        calibration=found.details,
    )


def statistics_of(data: TabularData, parts: list[TablePart]) -> dict[str, Any]:
    """Counts of the last fold, which has the most to learn from."""
    last = parts[-1]
    return {
        "num_rows": len(data),
        "num_train": len(last.train),
        "num_validation": len(last.validation),
        "num_test": sum(len(part.test) for part in parts),
        "folds": len(parts),
        "numeric_features": len(data.roles.numeric),
        "categorical_features": len(data.roles.categorical),
    }


class TrainTable:
    best_epoch: int | None = None

    def __init__(self, site: Site) -> None:
        self.site = site
        self.data: TabularData
        self.parts: list[TablePart]
        self.fitted: list[TabularFitted] = []
        self.kept: TabularFitted

    def read(self) -> None:
        self.data = read(self.site.run)
        self.parts = split_table(self.data, table_split(self.site.run.split))

    def learn(self) -> None:
        """A step is a fold, and the last one the model that is kept where that is fitted anew."""
        context = self.site.context
        again = is_refitted(self.data, self.parts)
        steps = [*self.parts, *([whole(self.parts[-1])] if again else [])]
        context.phase(FOLDS, total=len(steps))
        for done, part in enumerate(steps, 1):
            if part.name:
                context.log(f"Learning from {len(part.train):,} rows ({part.name}).")
            self.fitted.append(fit(self.site, self.data, part))
            context.progress(done)
            context.check()
        self.kept = self.fitted.pop() if again else self.fitted[-1]
        self.best_epoch = self.kept.best_epoch

    def judge(self) -> Evaluation:
        split = table_split(self.site.run.split)
        return evaluation_of(self.data.family, EVALUATE[self.data.family](self.fitted, self.data, self.parts, split))

    def save(self, folder: Path, documents: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[SavedFile]:
        return save_tabular(self.kept, folder, documents, tables, family=self.data.family)

    def statistics(self) -> dict[str, Any]:
        return statistics_of(self.data, self.parts)
