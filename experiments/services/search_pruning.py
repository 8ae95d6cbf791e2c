"""A trial reports each epoch's validation loss to its search and hears whether going on is worth it.

Nothing here ever fails a training: while Optuna's tables cannot be reached, the trial goes on to its end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import structlog

from experiments.jobs import lifecycle
from experiments.jobs.context import JobContext
from experiments.learning.recommenders.base import StopTraining
from experiments.models import Experiment, Search

log = structlog.get_logger(__name__)


class TrialReports:
    """The reports of one run; of a run that is no trial, or of a search that prunes none, it does nothing."""

    def __init__(self, context: JobContext) -> None:
        self._context = context
        run: Experiment = context.job
        pruned = run.search is not None and run.search.pruner != "none"
        self._search: Search | None = run.search if pruned else None
        self._open = ExitStack()
        self._trial: Any = None

    def start(self) -> None:
        """Ends a trial that was found not worth going on by an attempt that was killed right after."""
        run: Experiment = self._context.job
        if self._search is not None and run.pruned_at_epoch is not None:
            raise StopTraining(words_of(run.pruned_at_epoch))

    def epoch(self, epoch: int, values: Mapping[str, float]) -> None:
        """Raises StopTraining, with the reason, where the trial is pruned at this epoch."""
        loss = values.get("val_loss")
        if self._search is None or loss is None or not math.isfinite(loss):
            return
        if self._patiently(lambda search: self._should_prune(search, epoch, loss)):
            self._context.write(lambda run: _mark(run, epoch))
            raise StopTraining(words_of(epoch))

    def _should_prune(self, search: Search, epoch: int, loss: float) -> bool:
        if self._trial is None:
            self._trial = self._opened(search)
        # Optuna reads reports in the direction of the search; a loss is always better when it is lower.
        self._trial.report(-loss if search.maximise else loss, epoch)
        return bool(self._trial.should_prune())

    def _opened(self, search: Search) -> Any:
        from experiments.services import search_study  # imports Optuna, which only trials need

        study = self._open.enter_context(search_study.opened(search))
        return search_study.trial_numbered(study, self._context.job.trial)

    def _patiently(self, call: Callable[[Search], Any]) -> bool:
        if self._search is None:
            return False
        try:
            return bool(call(self._search))
        except Exception as error:  # whatever Optuna or its database raise: the training matters more
            log.warning("trial goes on without its search", error=type(error).__name__)
            self._trial = None
            self._open = ExitStack()
            return False


def words_of(epoch: int) -> str:
    return (
        f"Pruned after epoch {epoch}: its validation loss was above the median of the search's earlier trials at the "
        "same epoch, so it was not going to be the best."
    )


def _mark(run: Experiment, epoch: int) -> None:
    run.pruned_at_epoch = epoch
    lifecycle.note(run, words_of(epoch), "info")
