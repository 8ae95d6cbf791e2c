"""Writes a run that was logged elsewhere into our tables, in one transaction, touching only what has changed.

What people did here is theirs: a name, note or tag is changed only where the tracker has changed it since the last
reading (LoggedRun.tags remembers what it said then), and a run deleted here stays deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from experiments.models import EpochMetrics, Experiment, JobStatus, LoggedRun, MetricValue, Origin
from experiments.services import searchable
from experiments.services.logged_run_content import NAME_TAG, NOTE_TAG, Content, labels, lower_is_better
from experiments.services.logged_run_history import Step
from experiments.tracking.reader import FoundRun
from mlopspro.accounts.models import Workspace

DELETED_THERE = "DELETED"
"""External status of a run that left our lists because it was deleted there; one that people deleted keeps its own."""

GONE = "MLflow no longer knows this run; it was still running when it was last read."


@transaction.atomic
def write(
    workspace: Workspace, run: FoundRun, content: Content, steps: list[Step], about: dict[str, Any]
) -> tuple[Experiment, LoggedRun]:
    """Makes or updates the run's rows. ``about`` holds the columns of LoggedRun that the caller knows."""
    logged = _locked(run.external_id)
    if logged is None:
        experiment = _created(workspace, content)
        logged = LoggedRun(experiment=experiment, external_id=run.external_id)
        before: dict[str, str] = {}
    else:
        experiment, before = logged.experiment, logged.tags
    _merge(experiment, content, before)
    logged.external_status = _deletion(experiment, logged.external_status, run)
    _save_changes(experiment, content)
    _write_figures(experiment, content)
    _write_steps(experiment, steps)
    for name, value in (about | {"tags": content.tags, "logged_by": content.person}).items():
        setattr(logged, name, value)
    logged.synced_at = timezone.now()
    logged.save()
    return experiment, logged


@transaction.atomic
def mark_deleted(external_id: str, fingerprint: str) -> None:
    """Deleted in the tracker: it leaves our lists too, with all that was read of it."""
    logged = _locked(external_id)
    if logged is None:
        return
    if logged.experiment.deleted_at is None:
        logged.external_status = DELETED_THERE
        Experiment.objects.filter(pk=logged.experiment_id).update(deleted_at=timezone.now())
    logged.fingerprint, logged.synced_at = fingerprint, timezone.now()
    logged.save(update_fields=["external_status", "fingerprint", "synced_at"])


@transaction.atomic
def mark_gone(external_id: str) -> None:
    """The tracker no longer knows a run that was not over when it was last read: it counts as cancelled."""
    logged = _locked(external_id)
    if logged is None:
        return
    run = logged.experiment
    run.status, run.finished_at = JobStatus.CANCELLED, max(logged.synced_at or run.created_at, run.created_at)
    run.save(update_fields=["status", "finished_at"])
    logged.external_status, logged.fingerprint = "GONE", ""
    logged.remark = f"{logged.remark} {GONE}".strip()
    logged.save(update_fields=["external_status", "remark", "fingerprint"])


def _locked(external_id: str) -> LoggedRun | None:
    rows = LoggedRun.objects.select_for_update(of=("self", "experiment")).select_related("experiment")
    return rows.filter(tracker="mlflow", external_id=external_id).first()


def _created(workspace: Workspace, content: Content) -> Experiment:
    return Experiment.objects.create(
        workspace=workspace,
        origin=Origin.MLFLOW,
        created_through="mlflow",
        dataset=None,
        name=content.name,
        notes=content.note,
        created_at=content.started_at or timezone.now(),
        status=content.status,
        started_at=content.started_at,
        finished_at=content.finished_at,
        failure_reason=content.failure_reason,
        seed=content.seed,
        max_attempts=1,
    )


def _merge(run: Experiment, content: Content, before: dict[str, str]) -> None:
    """Takes over the name, note and tags that the tracker changed since it said ``before``."""
    if content.tags[NAME_TAG] != before.get(NAME_TAG, ""):
        run.name = content.name
    if run.notes == before.get(NOTE_TAG, ""):
        run.notes = content.note
    old, new = labels(before), content.labels
    kept = [tag for tag in run.tags if tag in new or tag not in old]
    run.tags = kept + [tag for tag in new if tag not in old and tag not in kept]


def _deletion(run: Experiment, known: str, found: FoundRun) -> str:
    """Undoes our own deletion when the tracker has the run again; the new external status."""
    if known == DELETED_THERE:
        run.deleted_at = None
    return found.status[:20]


def _save_changes(run: Experiment, content: Content) -> None:
    run.status = content.status
    run.started_at, run.finished_at = content.started_at, content.finished_at
    run.queued_at = run.created_at if content.status is JobStatus.QUEUED else None
    run.created_at = content.started_at or run.created_at
    run.failure_reason = content.failure_reason
    run.model_type, run.seed = content.model_type, content.seed
    run.parameters, run.metrics = content.parameters, content.headline
    run.save()
    known = {row.name: row.text for row in run.parameter_values.all()}
    wanted = {row["name"]: row["text"] for row in searchable.parameter_rows(run.parameters)}
    if known != wanted:
        searchable.write_parameters(run)


def _write_figures(run: Experiment, content: Content) -> None:
    rows = MetricValue.objects.filter(experiment=run, protocol="logged")
    known = dict(rows.values_list("name", "value"))
    rows.exclude(name__in=content.figures).delete()
    changed = {name: value for name, value in content.figures.items() if name not in known or known[name] != value}
    MetricValue.objects.bulk_create(
        (
            MetricValue(
                workspace_id=run.workspace_id,
                experiment=run,
                protocol="logged",
                name=name,
                value=value,
                higher_is_better=not lower_is_better(name),
                definition="",
            )
            for name, value in changed.items()
        ),
        update_conflicts=True,
        unique_fields=["experiment", "protocol", "name", "segment"],
        update_fields=["value"],
    )


def _write_steps(run: Experiment, steps: Iterable[Step]) -> None:
    rows = EpochMetrics.objects.filter(experiment=run)
    known = {number: (values, at) for number, values, at in rows.values_list("epoch", "values", "recorded_at")}
    wanted = {step.number: (step.values, step.at) for step in steps}
    gone = known.keys() - wanted.keys()
    if gone:
        rows.filter(epoch__in=gone).delete()
    EpochMetrics.objects.bulk_create(
        (
            EpochMetrics(experiment=run, epoch=number, values=values, recorded_at=at)
            for number, (values, at) in wanted.items()
            if known.get(number) != (values, at)
        ),
        update_conflicts=True,
        unique_fields=["experiment", "epoch"],
        update_fields=["values", "recorded_at"],
        batch_size=1000,
    )
