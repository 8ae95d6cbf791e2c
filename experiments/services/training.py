"""One run, start to end, as a worker's child process does it: read → learn → judge → save.

Everything it leaves in the database is written under its lease; everything it leaves on disk is in folders of this
attempt alone, to which rows point only once they are complete.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from experiments.jobs import lifecycle, queue
from experiments.jobs.context import AttemptLost, JobContext, JobFailed, Stopped
from experiments.jobs.kinds import REGISTRATIONS
from experiments.learning.artifacts import ArtifactError
from experiments.learning.data.errors import DatasetError
from experiments.learning.distributed.errors import PeerLost
from experiments.learning.recommenders.base import StopTraining
from experiments.learning.recommenders.errors import Diverged, TrainingError
from experiments.learning.tabular.base import TableError
from experiments.models import Experiment, FailureKind, JobStatus
from experiments.services import checks, custom_values, outbox, results
from experiments.services.checkpoints import Checkpoints
from experiments.services.checks import DataRefused
from experiments.services.command_line import command_line
from experiments.services.environment import describe
from experiments.services.runs.steps import Site


def warm_up() -> None:
    """Imports what every run needs, so that a process started ahead can begin at once."""
    from experiments.learning.recommenders import warm

    warm.import_everything()


def run_experiment(context: JobContext) -> None:
    """The work of one attempt. Ends its run as completed, or raises what experiments.jobs.child turns into an end."""
    from experiments.services.runs.kinds import work_for

    run: Experiment = context.job
    clock = Clock()
    checkpoints = Checkpoints(run.path, context.lease.token)
    work = work_for(Site(context, checkpoints))
    context.phase("Reading data")
    _record_environment(context)
    with expected_failures():
        checks.require(context)
        work.read()
        clock.lap("read")
        work.learn()
        clock.lap("train")
        context.phase("Evaluating")
        evaluation = work.judge()
        clock.lap("evaluate")
        context.phase("Saving")
        folder = f"artifacts-{context.lease.token}"
        documents, tables = results.documents_of(run, evaluation), results.tables_of(evaluation)
        files = work.save(run.path / folder, documents, tables)
        clock.lap("save")

    def write(job: Experiment) -> None:
        job.best_epoch = work.best_epoch
        job.timings = clock.laps
        job.dataset_statistics = {**job.dataset_statistics, **work.statistics()}
        results.record(job, evaluation, files, f"{job.folder}/{folder}")
        outbox.record_metrics(job)
        outbox.record_artifacts(job)
        lifecycle.note(job, f"Completed in {clock.total:.1f} s: {results.headline_sentence(job)}", "info")
        if job.register_as_id is not None:
            queue.ring_on_commit(REGISTRATIONS)

    context.end(JobStatus.COMPLETED, also=write)
    checkpoints.clear()
    custom_values.tell_worker(run)
    if run.register_as_id is not None:
        queue.ringer.flush(1.0)  # this process may end before the bell is rung


@contextmanager
def expected_failures() -> Iterator[None]:
    """What a person can put right ends a run with its sentence and is not tried again."""
    try:
        yield
    except StopTraining as stop:
        raise Stopped(str(stop)) from stop
    except PeerLost as lost:
        raise AttemptLost(str(lost)) from lost
    except Diverged as error:
        raise JobFailed(str(error), FailureKind.DIVERGED) from error
    except (DatasetError, TableError, TrainingError, ArtifactError, DataRefused) as error:
        raise JobFailed(str(error), FailureKind.BAD_INPUT) from error


def _record_environment(context: JobContext) -> None:
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
