"""The steps every kind of run has, and what they are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from experiments.jobs.context import JobContext
from experiments.learning.metrics.result import Evaluation
from experiments.learning.model_files import SavedFile, write_beside
from experiments.learning.recommenders.base import StopTraining
from experiments.models import Experiment
from experiments.services.checkpoints import Checkpoints


@dataclass(frozen=True)
class Site:
    """Where a run takes place: its row, ways to report and be stopped, and its checkpoints."""

    context: JobContext
    checkpoints: Checkpoints

    @property
    def run(self) -> Experiment:
        run: Experiment = self.context.job
        return run


class Work(Protocol):
    """One kind of run. Each step is called once, in this order, and says its own phase where it takes long.

    Steps raise DatasetError, TableError, TrainingError and ArtifactError for what a person can put right.
    """

    best_epoch: int | None

    def read(self) -> None:
        """Reads and divides the data, and loads a stored model where one is judged."""

    def learn(self) -> None:
        """Fits; nothing in an evaluation."""

    def judge(self) -> Evaluation:
        """Figures on test rows alone."""

    def save(self, folder: Path, documents: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[SavedFile]:
        """Writes the model, where one is kept, with documents and tables."""

    def statistics(self) -> dict[str, Any]:
        """What the data was: counts, told to people and trackers (F43)."""


class FoldObserver:
    """Of fits that are steps of a run: a stop is heard at every epoch, and no epoch is written."""

    def __init__(self, context: JobContext) -> None:
        self.context = context
        self.total_parameters = 0

    def on_start(self, *, epochs: int, total_parameters: int) -> None:
        del epochs
        self.total_parameters = total_parameters
        if self.context.stop.is_set():
            raise StopTraining

    def on_epoch(self, epoch: int, values: Mapping[str, float], save: Callable[[Path], None]) -> None:
        del epoch, values, save
        if self.context.stop.is_set():
            raise StopTraining

    def log(self, message: str) -> None:
        self.context.log(message)


FOLDS = "Training folds"
"""Phase of a run that fits one model a fold; pages count its steps as folds."""


def only_reports(folder: Path, documents: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> list[SavedFile]:
    """The files of a run that keeps no model."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_beside(folder, documents, tables)
