"""How the compared runs were trained: losses at one epoch, epochs, time. None of it says which model is better."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from experiments.models import Experiment
from experiments.selectors.comparison import Selection
from experiments.selectors.comparison_curves import LABELS, LOSSES, Curves
from mlopspro.core import formats


@dataclass(frozen=True)
class TrainingRow:
    """One fact of each run as (text, full precision)."""

    label: str
    cells: tuple[tuple[str, str], ...]

    @property
    def differs(self) -> bool:
        return len(set(self.cells)) > 1


def training_rows(selection: Selection, curves: Curves, *, best: bool) -> list[TrainingRow]:
    """Losses at the best epoch or at the last one, and what the training took; rows that no run has are left out.

    Losses of different objectives are different quantities, so none is marked as best.
    """
    rows = [
        *(_row(selection, LABELS[name], partial(curves.at, name=name, best=best), formats.metric) for name in LOSSES),
        _row(selection, "Epochs", lambda run: curves.last.get(run.pk), formats.number),
        _row(selection, "Best epoch", lambda run: run.best_epoch, formats.number),
        _row(selection, "Training time", lambda run: run.timings.get("train"), formats.duration),
        _row(selection, "Trained parameters", lambda run: run.total_parameters, formats.number),
    ]
    return [row for row in rows if any(text != formats.UNDEFINED for text, _ in row.cells)]


def _row(
    selection: Selection, label: str, of: Callable[[Experiment], float | None], write: Callable[[object], str]
) -> TrainingRow:
    values = [of(one.run) for one in selection.runs]
    return TrainingRow(label, tuple((write(value), "" if value is None else repr(value)) for value in values))
