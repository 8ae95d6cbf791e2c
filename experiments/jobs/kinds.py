"""The kinds of jobs: their table, their queue, and the function that does the work."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from experiments.models import DatasetImport, Experiment, Job

MODELS: dict[str, type[Job]] = {Experiment.KIND: Experiment, DatasetImport.KIND: DatasetImport}
QUEUES = {Experiment.KIND: "train", DatasetImport.KIND: "io"}

CUSTOM_METRICS = "custom_metrics"
REGISTRATIONS = "registrations"
SEARCHES = "searches"
BELLS = {
    CUSTOM_METRICS: ("experiments.tasks.compute_custom_metrics", "io"),
    REGISTRATIONS: ("experiments.tasks.register_completed", "io"),
    SEARCHES: ("experiments.tasks.advance_searches", "io"),
}
"""Work that is no job and keeps a ledger of its own: the task that does what is due, and its queue."""

# Functions by name: whoever knows the kinds (the web process too) must not import what trains.
WORK = {
    Experiment.KIND: "experiments.services.training:run_experiment",
    DatasetImport.KIND: "experiments.services.importing:run_import",
}
"""Does the work of one attempt, given its JobContext."""
WHEN_ENDED = {Experiment.KIND: "experiments.services.ended:experiment_ended"}
"""Called with the job and its state in the transaction that ends it."""
WARM_UP = "experiments.services.training:warm_up"
"""Imports what every run needs; for processes that are started ahead."""


def function_named(name: str) -> Callable[..., Any]:
    """The function behind "package.module:name", imported only now."""
    module, attribute = name.split(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    return function
