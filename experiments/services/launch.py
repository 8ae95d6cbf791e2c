"""Launching, stopping, repeating and deleting runs: check → execute → audit → ring."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from pydantic import ValidationError

from experiments.jobs import lifecycle, queue
from experiments.learning.recommenders.base import Architecture
from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.models import Dataset, Experiment, JobStatus
from experiments.models.job import ACTIVE, JobStateError
from experiments.services import outbox, searchable
from experiments.services.spec import (
    LaunchSpec,
    Problem,
    Refused,
    SplitChoice,
    TooMany,
    config_hash,
    problems_of,
    settings_hash,
)
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit

FIRST_USEFUL_ROWS = 10


def launch(
    *,
    workspace: Workspace,
    actor: User | None,
    spec: LaunchSpec,
    through: str,
    idempotency_key: str = "",
    cloned_from: Experiment | None = None,
) -> Experiment:
    """Queues a run and rings for a worker when the row is committed. Raises Refused with every problem found.

    A run that was logged elsewhere cannot be cloned: it has no dataset and no architecture of ours.

    The same actor with the same idempotency key gets the run that the first call made.
    """
    if idempotency_key and (known := _known(workspace, actor, idempotency_key)):
        return known
    if cloned_from is not None and cloned_from.is_logged:
        raise Refused([Problem("cloned_from", f"{cloned_from.name} was logged to MLflow; only runs made here can be")])
    dataset, architecture, parameters, split = _check(workspace, spec)
    _check_quota(workspace)
    experiment = Experiment(
        workspace=workspace,
        created_by=actor,
        created_through=through,
        cloned_from=cloned_from,
        idempotency_key=idempotency_key,
        dataset=dataset,
        architecture=architecture.key,
        model_type=architecture.model_type,
        parameters=parameters,
        split=split,
        seed=spec.seed,
        name=spec.name or f"{architecture.label} on {dataset.name}"[:200],
        trackers=list(spec.trackers),
        notes=spec.notes,
        tags=list(spec.tags),
        max_attempts=settings.JOB_MAX_ATTEMPTS,
        queued_at=timezone.now(),
        config_hash=config_hash(
            dataset_sha256=dataset.sha256,
            architecture=architecture.key,
            parameters=parameters,
            split=split,
            seed=spec.seed,
        ),
        settings_hash=settings_hash(
            dataset_sha256=dataset.sha256, architecture=architecture.key, parameters=parameters, split=split
        ),
    )
    try:
        with transaction.atomic():
            experiment.save(force_insert=True)
            searchable.write_parameters(experiment)
            outbox.open_mirrors(experiment)
            audit.record(
                action="launch_training",
                actor=actor,
                workspace=workspace,
                obj=experiment,
                after={"architecture": architecture.key, "dataset": dataset.name, "through": through},
            )
            queue.ring_on_commit(Experiment.KIND)
    except IntegrityError:
        if known := _known(workspace, actor, idempotency_key):
            return known
        raise
    return experiment


def _known(workspace: Workspace, actor: User | None, key: str) -> Experiment | None:
    return (
        Experiment.objects.filter(workspace=workspace, created_by=actor, idempotency_key=key).first() if key else None
    )


def _check(workspace: Workspace, spec: LaunchSpec) -> tuple[Dataset, Architecture, dict[str, Any], dict[str, Any]]:
    problems: list[Problem] = []
    dataset = Dataset.objects.filter(workspace=workspace, pk=spec.dataset, deleted_at__isnull=True).first()
    if dataset is None:
        problems.append(Problem("dataset", f"there is no dataset {spec.dataset} in this workspace"))
    architecture = ARCHITECTURES.get(spec.architecture)
    parameters: dict[str, Any] = {}
    if architecture is None:
        known = ", ".join(ARCHITECTURES)
        problems.append(Problem("architecture", f"{spec.architecture!r} is not known; accepted: {known}"))
    else:
        try:
            parameters = architecture.validate(spec.parameters).model_dump(mode="json")
        except ValidationError as error:
            problems += problems_of(error, "parameters.")
    split = spec.split or (default_split(dataset) if dataset else SplitChoice())
    if dataset is not None and architecture is not None:
        problems += _misfits(dataset, architecture, split)
    if problems or dataset is None or architecture is None:
        raise Refused(problems)
    return dataset, architecture, parameters, split.model_dump(mode="json")


def _misfits(dataset: Dataset, architecture: Architecture, split: SplitChoice) -> list[Problem]:
    """What this dataset lacks for this choice, said before the launch and not by a failed run."""
    problems = []
    if dataset.feedback not in architecture.feedback:
        problems.append(
            Problem(
                "architecture",
                f"{architecture.label} learns from {' or '.join(architecture.feedback)} data; "
                f"{dataset.name} is {dataset.feedback}",
            )
        )
    if split.method in ("time", "leave_last_out") and not dataset.has_timestamps:
        problems.append(Problem("split.method", f"{dataset.name} has no timestamps; accepted: random"))
    if split.method == "given" and not dataset.has_given_split:
        problems.append(
            Problem(
                "split.method",
                f"{dataset.name} came without a split of its own; accepted: random, time, leave_last_out",
            )
        )
    if dataset.num_interactions < FIRST_USEFUL_ROWS:
        problems.append(
            Problem(
                "dataset",
                f"{dataset.name} has {dataset.num_interactions} interactions; "
                f"at least {FIRST_USEFUL_ROWS} are needed to split it",
            )
        )
    return problems


def default_split(dataset: Dataset) -> SplitChoice:
    """Given files where there are any, random for the synthetic data, by time where times exist, else random (D2)."""
    if dataset.has_given_split:
        return SplitChoice(method="given")
    if dataset.has_timestamps and dataset.source.get("format") != "synthetic":
        return SplitChoice(method="time")
    return SplitChoice(method="random")


def _check_quota(workspace: Workspace) -> None:
    rows = Experiment.objects.filter(Experiment.WORKED_OFF, workspace=workspace, status__in=list(ACTIVE))
    active = rows.count()
    if active >= settings.JOB_QUEUE_LIMIT:
        raise TooMany(
            [
                Problem(
                    "name",
                    f"{active} runs wait or run already; the limit is {settings.JOB_QUEUE_LIMIT}. Stop some or wait",
                )
            ]
        )


def stop(experiment: Experiment, actor: User) -> Experiment:
    """Ends a waiting run at once and a running one within seconds; its metrics so far are kept.

    Raises JobStateError for a run that was logged elsewhere.
    """
    _refuse_logged(experiment, "Stop it where it runs")
    stopped = cast(Experiment, lifecycle.request_stop(experiment, actor))
    audit.record(action="stop_training", actor=actor, workspace=experiment.workspace, obj=experiment)
    return stopped


def retry(experiment: Experiment, actor: User) -> Experiment:
    """Queues a failed or cancelled run again; it goes on from its last checkpoint. Raises JobStateError."""
    _refuse_logged(experiment, "Run it again there")
    again = cast(Experiment, lifecycle.enqueue_again(experiment, actor))
    outbox.reopen_mirrors(again)
    audit.record(
        action="launch_training", actor=actor, workspace=experiment.workspace, obj=experiment, after={"retry": True}
    )
    return again


def _refuse_logged(experiment: Experiment, instead: str) -> None:
    if experiment.is_logged:
        raise JobStateError(f"{experiment.name} was logged to MLflow and not trained here. {instead}.")


def delete(experiment: Experiment, actor: User) -> None:
    """Soft: it leaves the lists and can be brought back. A run in progress here is refused (JobStateError).

    A run that was logged elsewhere is deleted here alone, and later readings leave it deleted.
    """
    with transaction.atomic():
        locked = Experiment.objects.select_for_update(of=("self",)).get(pk=experiment.pk)
        if locked.is_active and locked.is_worked_off:
            raise JobStateError(
                f"{locked.name} is {JobStatus(locked.status).label.lower()}; stop it before deleting it."
            )
        locked.deleted_at = timezone.now()
        locked.save(update_fields=["deleted_at"])
        audit.record(action="delete_experiment", actor=actor, workspace=locked.workspace, obj=locked)


def restore(experiment: Experiment, actor: User) -> None:
    Experiment.objects.filter(pk=experiment.pk).update(deleted_at=None)
    audit.record(action="restore_experiment", actor=actor, workspace=experiment.workspace, obj=experiment)


def command_line(experiment: Experiment) -> str:
    """The command that launches the same run again."""
    parts = [
        f"manage.py train_model --dataset {experiment.dataset_id} --architecture {experiment.architecture}",
        f"--seed {experiment.seed}",
    ]
    parts += [f"--split {experiment.split.get('method')}", f"--split-seed {experiment.split.get('seed')}"]
    parts += [f"--set {key}={value}" for key, value in experiment.parameters.items()]
    return " ".join(parts)
