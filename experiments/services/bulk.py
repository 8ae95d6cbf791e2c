"""Deleting and bringing back several runs at once: each that can be, with the reasons of those that cannot."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from experiments.models import Experiment
from experiments.models.job import JobStateError
from experiments.services import launch
from mlopspro.accounts.models import User


@dataclass(frozen=True)
class Outcome:
    done: tuple[Experiment, ...]
    refused: tuple[str, ...]
    """A sentence for each run that was left alone; it names the run."""


def delete(runs: Collection[Experiment], actor: User) -> Outcome:
    """Soft. Runs in progress stay; the others go. Each leaves an audit row of its own."""
    done: list[Experiment] = []
    refused: list[str] = []
    for run in runs:
        try:
            launch.delete(run, actor)
        except JobStateError as error:
            refused.append(str(error))
        else:
            done.append(run)
    return Outcome(tuple(done), tuple(refused))


def restore(runs: Collection[Experiment], actor: User) -> Outcome:
    for run in runs:
        launch.restore(run, actor)
    return Outcome(tuple(runs), ())
