"""Runs that were logged elsewhere, written by the product's own code from records as a tracker gives them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from experiments.models import Experiment
from experiments.services import logged_run_rows
from experiments.services.logged_run_content import content_of
from experiments.services.logged_run_history import Step
from experiments.tracking.reader import FoundRun, LastValue
from mlopspro.accounts.models import Workspace

START = 1_790_000_000_000


def found(**fields: Any) -> FoundRun:
    """What a search tells of a run."""
    values: dict[str, Any] = {
        "external_id": uuid.uuid4().hex,
        "source_id": "7",
        "name": "notebook run",
        "status": "FINISHED",
        "started_at": START,
        "ended_at": START + 60_000,
        "deleted": False,
        "person": "grace",
        "params": {"learning_rate": "0.01", "optimizer": "adam"},
        "tags": {"team": "search", "mlflow.user": "grace"},
        "metrics": {"ndcg_at_10": LastValue(0.4, 3, START + 3000), "val/loss": LastValue(0.9, 3, START + 3000)},
    }
    return FoundRun(**(values | fields))


def logged_run(
    workspace: Workspace, steps: int = 3, files: list[dict[str, Any]] | None = None, **fields: Any
) -> Experiment:
    """A run in the history as a reading leaves it."""
    run = found(**fields)
    history = [
        Step(
            number,
            {"ndcg_at_10": number / (steps + 1), "val/loss": 1 / number},
            dt.datetime.fromtimestamp(START / 1000 + number, dt.UTC),
        )
        for number in range(1, steps + 1)
    ]
    about = {
        "external_experiment": "notebooks",
        "url": f"https://mlflow.example/#/experiments/7/runs/{run.external_id}",
        "files": files or [],
        "remark": "",
        "fingerprint": "f",
    }
    experiment, _ = logged_run_rows.write(workspace, run, content_of(run), history, about)
    return experiment
