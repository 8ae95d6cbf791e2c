"""The outbox: what trackers are to be told, written as rows in the transaction that records it (decision D8).

Nothing here uses the network; ``experiments.services.delivery`` does, in a worker of its own. The calls that carry a
run's content are made under that run's lock (``Lease.commit``), so the order of the entries is the order of events.
Every function tells all of the run's trackers and does nothing for a run that has none.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from experiments.models import EpochMetrics, Experiment, JobStatus, MetricValue, OutboxEntry, TrackerRun
from experiments.models.tracking import MirrorState
from experiments.services import mirror_content
from experiments.tracking.messages import Artifacts, End, EndStatus, Epoch, Message, Metrics, Reopen, to_payload
from mlopspro.core.logs import scrub_text

END_STATUS: dict[str, EndStatus] = {
    JobStatus.COMPLETED: "completed",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "cancelled",
}


def open_mirrors(experiment: Experiment) -> list[TrackerRun]:
    """Makes a mirror for each tracker the run was launched with, and its first entry. Idempotent."""
    made = []
    for tracker in experiment.trackers:
        run, new = TrackerRun.objects.get_or_create(experiment=experiment, tracker=tracker)
        if new:
            made.append(run)
    if made:
        _write(made, [mirror_content.opened(experiment)])
    return made


def record_start(experiment: Experiment) -> None:
    """An attempt begins to fit: where it runs, and how large the model is."""
    _tell(experiment, mirror_content.started(experiment, timezone.now()))


def record_epoch(
    experiment: Experiment, epoch: int, values: Mapping[str, float | None], recorded_at: dt.datetime
) -> None:
    """The figures of one epoch; a figure that is not finite is told as such."""
    _tell(experiment, _epoch(epoch, values, recorded_at))


def record_metrics(experiment: Experiment) -> None:
    """The final figures, from the run's rows, and what was learned of the data."""
    now = timezone.now()
    _tell(experiment, mirror_content.started(experiment, now), _metrics(experiment))


def record_artifacts(experiment: Experiment) -> None:
    """The run's files, from its rows; the deliverer reads them from disk."""
    files = mirror_content.files_of(experiment)
    if files:
        _tell(experiment, Artifacts(at=timezone.now(), files=files))


def record_end(experiment: Experiment, status: str) -> None:
    """The run is completed, failed or cancelled. Raises ValueError for any other state."""
    _tell(experiment, _end(experiment, status))


def reopen_mirrors(experiment: Experiment) -> None:
    """A failed or cancelled run is queued again: its mirrors go on where they were."""
    with transaction.atomic():
        for run in _locked(experiment):
            if OutboxEntry.objects.filter(tracker_run=run, kind="open").exists():
                _write([run], [Reopen(at=timezone.now())])
            else:
                rebuild(run)
        TrackerRun.objects.filter(experiment=experiment).update(state=MirrorState.PENDING)


def rebuild(run: TrackerRun, *, forget: bool = False) -> None:
    """Tells a tracker everything about a run again, from our own rows. What it has already does not change.

    ``forget``: the tracker no longer knows the run (its database was replaced), so a new one is made there.
    """
    with transaction.atomic():
        run = TrackerRun.objects.select_for_update(of=("self",)).select_related("experiment").get(pk=run.pk)
        experiment = run.experiment
        OutboxEntry.objects.filter(tracker_run=run).delete()
        known = bool(run.external_id) and not forget
        if forget:
            run.external_id = run.url = ""
        run.state = MirrorState.PENDING
        run.save(update_fields=["external_id", "url", "state"])
        _write([run], _everything(experiment, known=known))


def _everything(experiment: Experiment, *, known: bool) -> Iterable[Message]:
    yield mirror_content.opened(experiment)
    if experiment.started_at is not None:
        yield mirror_content.started(experiment, experiment.started_at)
    for row in EpochMetrics.objects.filter(experiment=experiment).order_by("epoch"):
        yield _epoch(row.epoch, row.values, row.recorded_at)
    if MetricValue.objects.filter(experiment=experiment).exists():
        yield _metrics(experiment)
    if files := mirror_content.files_of(experiment):
        yield Artifacts(at=experiment.finished_at or timezone.now(), files=files)
    if experiment.is_terminal:
        yield _end(experiment, experiment.status)
    elif known:
        yield Reopen(at=timezone.now())


def _epoch(epoch: int, values: Mapping[str, float | None], recorded_at: dt.datetime) -> Epoch:
    figures = {name: _finite(value) for name, value in values.items()}
    return Epoch(at=recorded_at, epoch=epoch, values=figures)


def _metrics(experiment: Experiment) -> Metrics:
    """Dated by the last epoch, so that telling it twice, at whatever time, gives one point."""
    last = EpochMetrics.objects.filter(experiment=experiment).aggregate(step=Max("epoch"), at=Max("recorded_at"))
    at = last["at"] or experiment.started_at or experiment.created_at
    return Metrics(at=at, step=last["step"] or 0, values=mirror_content.figures_of(experiment))


def _end(experiment: Experiment, status: str) -> End:
    if status not in END_STATUS:
        raise ValueError(f"status: {status!r} is not an end; accepted: {', '.join(END_STATUS)}")
    reason = scrub_text(experiment.failure_reason)
    return End(at=experiment.finished_at or timezone.now(), status=END_STATUS[status], reason=reason)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _locked(experiment: Experiment) -> list[TrackerRun]:
    """The run's mirrors, locked so that no two writers take the same place in the order."""
    return list(TrackerRun.objects.select_for_update(of=("self",)).filter(experiment=experiment).order_by("pk"))


def _tell(experiment: Experiment, *messages: Message) -> None:
    if experiment.trackers:
        # Part of the caller's transaction, where there is one, without a savepoint of its own: this runs each epoch.
        with transaction.atomic(savepoint=False):
            _write(_locked(experiment), messages)


def _write(runs: list[TrackerRun], messages: Iterable[Message]) -> None:
    """Appends the messages to each of these (locked) mirrors."""
    now = timezone.now()
    payloads = [(message.kind, to_payload(message)) for message in messages]
    OutboxEntry.objects.bulk_create(
        (
            OutboxEntry(tracker_run=run, seq=run.last_seq + place, kind=kind, payload=payload, created_at=now)
            for run in runs
            for place, (kind, payload) in enumerate(payloads, start=1)
        ),
        batch_size=1000,
    )
    TrackerRun.objects.filter(pk__in=[run.pk for run in runs]).update(last_seq=F("last_seq") + len(payloads))
    for run in runs:
        run.last_seq += len(payloads)
