"""How data is divided where nobody says otherwise (decision D2)."""

from __future__ import annotations

from experiments.learning.families import Family
from experiments.learning.tabular import splits
from experiments.learning.tabular.base import Roles, TableError
from experiments.models import Dataset, RunType
from experiments.services.spec import BACKTEST_METHOD, SplitChoice


def default_split(dataset: Dataset, run_type: RunType = RunType.TRAIN) -> SplitChoice:
    """What suits the dataset: its own split, newest rows, rolling origins, squares of land, or a random draw.

    Interactions: given files where there are any, random for the synthetic data, by time where times exist, else
    random. Tables: the first method of their family. A backtest always rolls its origin.
    """
    if run_type == RunType.BACKTEST:
        return SplitChoice(method=BACKTEST_METHOD)  # type: ignore[call-arg]
    if dataset.is_table:
        return _of_table(dataset)
    if dataset.has_given_split:
        return SplitChoice(method="given")  # type: ignore[call-arg]
    if dataset.has_timestamps and dataset.source.get("format") != "synthetic":
        return SplitChoice(method="time")  # type: ignore[call-arg]
    return SplitChoice(method="random")  # type: ignore[call-arg]


def _of_table(dataset: Dataset) -> SplitChoice:
    roles = Roles.model_validate(dataset.roles or {})
    try:
        found = splits.default_split(Family(dataset.family), roles)
    except TableError:  # no method fits these roles; the launch is refused with the reason
        return SplitChoice(method=splits.METHODS_OF[Family(dataset.family)][0])  # type: ignore[call-arg]
    return SplitChoice.model_validate(found.model_dump())
