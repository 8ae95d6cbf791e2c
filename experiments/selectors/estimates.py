"""How long a run will take, judged from those that are done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from experiments.models import Dataset, Experiment, JobStatus
from mlopspro.accounts.models import Workspace

LOOKED_AT = 20


@dataclass(frozen=True)
class Estimate:
    """Expected duration without the wait in the queue, and on how many past runs it rests."""

    duration: dt.timedelta
    runs: int


def work(rows: int, parameters: Mapping[str, Any]) -> float:
    """Size of a fit: rows times epochs, or rows alone for what is fitted in one step."""
    return rows * float(parameters.get("epochs") or 1)


def estimate(
    workspace: Workspace, architecture: str, dataset: Dataset, parameters: Mapping[str, Any]
) -> Estimate | None:
    """Median pace of the last 20 completed runs of this architecture, scaled by rows × epochs; None without any.

    Costs one query.
    """
    past = (
        Experiment.objects.filter(workspace=workspace, architecture=architecture, status=JobStatus.COMPLETED)
        .order_by("-created_at")
        .values_list("timings", "parameters", "dataset__num_interactions")[:LOOKED_AT]
    )
    known = [(timings, work(rows, given), rows) for timings, given, rows in past if timings.get("train") and rows]
    if not known:
        return None
    per_unit = median(timings["train"] / units for timings, units, _ in known)
    per_row = median((sum(timings.values()) - timings["train"]) / rows for timings, _, rows in known)
    seconds = per_unit * work(dataset.num_interactions, parameters) + per_row * dataset.num_interactions
    return Estimate(dt.timedelta(seconds=seconds), len(known))
