"""The kinds of jobs: their table, their queue, and the function that does the work."""

from __future__ import annotations

from experiments.models import DatasetImport, Experiment, Job

MODELS: dict[str, type[Job]] = {Experiment.KIND: Experiment, DatasetImport.KIND: DatasetImport}
QUEUES = {Experiment.KIND: "train", DatasetImport.KIND: "io"}
WORK = {
    # By name: the web process knows the kinds but must never import what trains.
    Experiment.KIND: "experiments.services.training:run_experiment",
    DatasetImport.KIND: "experiments.services.importing:run_import",
}
