"""One training run, start to end, as a worker's child process does it: read → fit → evaluate → save.

Everything it leaves in the database is written under its lease; everything it leaves on disk is in folders of this
attempt alone, to which rows point only once they are complete.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from django.utils import timezone

from experiments.jobs import lifecycle
from experiments.jobs.context import JobContext, JobFailed, Stopped
from experiments.learning.data.errors import DatasetError
from experiments.learning.recommenders.base import StopTraining
from experiments.learning.recommenders.errors import Diverged, TrainingError
from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.models import EpochMetrics, Experiment, FailureKind, JobStatus
from experiments.services import custom_values, outbox, results
from experiments.services.checkpoints import Checkpoints
from experiments.services.environment import describe


def warm_up() -> None:
    """Imports what every run needs, so that a process started ahead can begin at once."""
    from experiments.learning.recommenders import warm

    warm.import_everything()


class RunObserver:
    """Carries what a fit reports into the database, its checkpoints to disk, and a stop back to the fit."""

    def __init__(self, context: JobContext, checkpoints: Checkpoints) -> None:
        self.context = context
        self.checkpoints = checkpoints

    def on_start(self, *, epochs: int, total_parameters: int) -> None:
        def write(run: Experiment) -> None:
            run.total_parameters = total_parameters
            if run.progress_total != epochs:
                run.progress_total = epochs
            outbox.record_start(run)

        self.context.commit(write)

    def on_epoch(self, epoch: int, values: Mapping[str, float], save: Callable[[Path], None]) -> None:
        """The row first and the checkpoint after it: a crash in between repeats an epoch and loses none."""
        recorded_at = timezone.now()
        finite = {name: value if math.isfinite(value) else None for name, value in values.items()}

        def write(run: Experiment) -> None:
            run.progress_done = epoch
            _, new = EpochMetrics.objects.get_or_create(
                experiment=run, epoch=epoch, defaults={"values": finite, "recorded_at": recorded_at}
            )
            if new:
                outbox.record_epoch(run, epoch, finite, recorded_at)

        self.context.write(write)
        if self.context.stop.is_set():
            raise StopTraining
        self.checkpoints.write(epoch, save)

    def log(self, message: str) -> None:
        self.context.log(message)


def run_experiment(context: JobContext) -> None:
    """The work of one attempt. Ends its run as completed, or raises what experiments.jobs.child turns into an end."""
    run: Experiment = context.job
    clock = Clock()
    checkpoints = Checkpoints(run.path, context.lease.token)
    architecture = ARCHITECTURES[run.architecture]
    context.phase("Reading data")
    _record_environment(context)
    try:
        prepared = results.prepare(run)
    except DatasetError as error:
        raise JobFailed(str(error), FailureKind.BAD_INPUT) from error
    clock.lap("read")
    resume = checkpoints.newest() if architecture.iterative else None
    if resume is not None:
        context.log(f"Going on from the checkpoint of epoch {resume[0]}.")
    parameters = architecture.validate(run.parameters)
    context.phase("Training", total=getattr(parameters, "epochs", 0) if architecture.iterative else 0)
    try:
        fitted = architecture.fit(
            prepared.data,
            parameters,
            seed=run.seed,
            observer=RunObserver(context, checkpoints),
            resume_from=resume[1] if resume else None,
        )
    except StopTraining as stop:
        raise Stopped from stop
    except Diverged as error:
        raise JobFailed(str(error), FailureKind.DIVERGED) from error
    except TrainingError as error:
        raise JobFailed(str(error), FailureKind.BAD_INPUT) from error
    clock.lap("train")
    context.phase("Evaluating")
    evaluation = results.evaluate_run(prepared, fitted)
    clock.lap("evaluate")
    context.phase("Saving")
    files = results.save_files(run, context.lease, fitted, evaluation)
    folder = f"{run.folder}/artifacts-{context.lease.token}"
    clock.lap("save")

    def write(job: Experiment) -> None:
        job.best_epoch = fitted.best_epoch
        job.timings = clock.laps
        job.dataset_statistics = results.statistics_of(prepared)
        results.record(job, evaluation, files, folder)
        outbox.record_metrics(job)
        outbox.record_artifacts(job)
        lifecycle.note(job, f"Completed in {clock.total:.1f} s: {results.headline_sentence(job)}", "info")

    context.end(JobStatus.COMPLETED, also=write)
    checkpoints.clear()
    custom_values.tell_worker(run)


def _record_environment(context: JobContext) -> None:
    from experiments.services.launch import command_line

    def write(run: Experiment) -> None:
        run.environment = describe() | {"command": command_line(run), "worker": run.worker}
        lifecycle.note(run, f"Attempt {run.attempt} of {run.max_attempts} on {run.environment['host']}.", "info")

    context.commit(write)


class Clock:
    """Seconds of each phase."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now

    @property
    def total(self) -> float:
        return sum(self.laps.values())
