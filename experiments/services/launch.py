"""Launching, stopping, repeating and deleting runs: check → execute → audit → ring."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from experiments.jobs import lifecycle, queue
from experiments.models import Experiment, JobStatus, RunType, Search
from experiments.models.job import ACTIVE, JobStateError
from experiments.services import launch_plan, outbox, searchable
from experiments.services.launch_plan import Plan
from experiments.services.spec import LaunchSpec, Problem, Refused, TooMany, config_hash, settings_hash
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit


def launch(
    *,
    workspace: Workspace,
    actor: User | None,
    spec: LaunchSpec,
    through: str,
    idempotency_key: str = "",
    cloned_from: Experiment | None = None,
    trial_of: tuple[Search, int] | None = None,
) -> Experiment:
    """Queues a run and rings for a worker when the row is committed. Raises Refused with every problem found.

    A run that was logged elsewhere cannot be cloned: it has no dataset and no architecture of ours.

    The same actor with the same idempotency key gets the run that the first call made. ``trial_of``: the search whose
    trial it is, and its number.
    """
    if idempotency_key and (known := _known(workspace, actor, idempotency_key)):
        return known
    if cloned_from is not None and cloned_from.is_logged:
        raise Refused([Problem("cloned_from", f"{cloned_from.name} was logged to MLflow; only runs made here can be")])
    planned = launch_plan.plan(workspace, spec, actor)
    _check_quota(workspace)
    experiment = _experiment(workspace, actor, spec, planned)
    experiment.created_through = through
    experiment.cloned_from = cloned_from
    experiment.idempotency_key = idempotency_key
    if trial_of is not None:
        experiment.search, experiment.trial = trial_of
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
                after=_audited(experiment, planned) | {"through": through},
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


def _experiment(workspace: Workspace, actor: User | None, spec: LaunchSpec, planned: Plan) -> Experiment:
    """The row, not saved yet."""
    dataset, architecture, recipe = planned.dataset, planned.architecture, planned.recipe
    source = planned.evaluates
    hashed: dict[str, Any] = {
        "dataset_sha256": dataset.sha256,
        "architecture": architecture.key,
        "parameters": planned.parameters,
        "split": planned.split,
        "further": planned.further,
    }
    return Experiment(
        workspace=workspace,
        created_by=actor,
        run_type=spec.run_type,
        family=dataset.family,
        dataset=dataset,
        architecture=architecture.key,
        model_type=architecture.model_type,
        parameters=planned.parameters,
        split=planned.split,
        seed=planned.seed,
        preparation=planned.preparation,
        evaluates=source,
        recipe_version=recipe.version if recipe else source.recipe_version if source else None,
        manifest=recipe.version.effective if recipe else source.manifest if source else {},
        register_as=planned.register_as,
        auto_promote=spec.auto_promote,
        processes=spec.processes,
        name=spec.name or _name(spec, planned),
        trackers=list(spec.trackers),
        notes=spec.notes,
        tags=list(spec.tags),
        max_attempts=settings.JOB_MAX_ATTEMPTS,
        queued_at=timezone.now(),
        config_hash=config_hash(**hashed, seed=planned.seed),
        settings_hash=settings_hash(**hashed),
    )


def _name(spec: LaunchSpec, planned: Plan) -> str:
    dataset, label = planned.dataset.name, planned.architecture.label
    if planned.evaluates is not None:
        return f"{planned.evaluates.name} evaluated on {dataset}"[:200]
    if spec.run_type == "backtest":
        return f"Backtest of {label} on {dataset}"[:200]
    return f"{label} on {dataset}"[:200]


def _audited(experiment: Experiment, planned: Plan) -> dict[str, Any]:
    found = {"architecture": experiment.architecture, "dataset": planned.dataset.name}
    further = {
        "run_type": "" if experiment.run_type == RunType.TRAIN else experiment.run_type,
        "recipe": planned.recipe.name if planned.recipe else "",
        "evaluates": str(experiment.evaluates_id or ""),
        "register_as": str(planned.register_as or ""),
    }
    return found | {name: value for name, value in further.items() if value}


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
    if experiment.pruned_at_epoch is not None:
        # Whoever starts a pruned trial again wants all of it.
        Experiment.objects.filter(pk=experiment.pk).update(pruned_at_epoch=None)
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
