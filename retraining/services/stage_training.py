"""Training: an ordinary run with the base run's own architecture, parameters and recipe; then a version of it."""

from __future__ import annotations

import datetime as dt

from experiments.models import Experiment, JobStatus, ModelVersion
from experiments.services import launch, registry
from experiments.services.datasets import lineage
from experiments.services.spec import LaunchSpec, Refused, TooMany
from retraining.models import Retraining, RetrainingStep
from retraining.services import steps
from retraining.services.steps import THROUGH, Kind, State, StepState


def turn(row: Retraining, now: dt.datetime) -> bool:
    """Whether it went on; False: it waits for a free place in the queue, or for the run."""
    step = steps.running(row, Kind.TRAIN)
    if step is None and row.experiment_id is None:
        return _launch(row, now)
    if (registering := steps.running(row, Kind.REGISTER)) is not None:
        return _register(row, registering, now)
    run = row.experiment
    if run is None or step is None:
        return _fail(row, "Its run was deleted.")
    if run.is_active:
        with steps.locked(row) as held:
            steps.say(held, f"{run.name} is {run.state.label.lower()}.")
        return False
    if run.state is not JobStatus.COMPLETED:
        why = run.failure_reason or f"it was {run.state.label.lower()}"
        return _fail(row, f"Training did not succeed: {why}")
    with steps.locked(row) as held:
        steps.finish(step, StepState.DONE, f"{run.name} is completed.")
        steps.begin(held, Kind.REGISTER, "Becomes a version of the model.", at=now)
    return True


def spec_of(row: Retraining) -> LaunchSpec:
    """What is launched: the base's run on the new data."""
    base = row.base.experiment
    dataset = row.dataset
    if dataset is None:
        raise LookupError("its dataset was deleted")
    asked = {
        "name": f"{row.model.name}: {row.base.number} trained again on {dataset.name}"[:200],
        "dataset": dataset.pk,
        "architecture": row.base.architecture,
        "parameters": row.base.parameters,
        "split": lineage(dataset).get("split"),
        "recipe_version": base.recipe_version_id,
        "seed": row.base.seed,
        "processes": base.processes,
        "trackers": list(base.trackers),
        "tags": ["retraining"],
    }
    return LaunchSpec.model_validate(asked)


def _launch(row: Retraining, now: dt.datetime) -> bool:
    """The run, the row that points at it and the step are one transaction."""
    try:
        with steps.locked(row) as held:
            run = launch.launch(
                workspace=row.model.workspace,
                actor=row.started_by,
                spec=spec_of(row),
                through=THROUGH,
                idempotency_key=f"retraining {row.pk} training",
                cloned_from=row.base.experiment,
            )
            held.experiment = run
            held.save(update_fields=["experiment"])
            steps.begin(held, Kind.TRAIN, f"Trains {run.name}.", {"run": str(run.pk)}, at=now)
    except TooMany:
        with steps.locked(row) as held:
            steps.say(held, "Waits for a free place in the queue of runs.")
        return False
    except (Refused, LookupError) as error:
        return _fail(row, f"It cannot be trained: {error}")
    return True


def _register(row: Retraining, step: RetrainingStep, now: dt.datetime) -> bool:
    run = row.experiment
    if run is None:
        return _fail(row, "Its run was deleted.")
    version: ModelVersion | None
    try:
        version = _made(row, run) or registry.register(
            run,
            actor=row.started_by,
            model=row.model,
            notes=f"Retraining of {row.base.number}: {row.decision.sentence if row.decision else 'asked for'}",
            through=THROUGH,
        )
    except Refused as error:
        version = _made(row, run)  # somebody was faster
        if version is None:
            return _fail(row, f"It cannot become a version: {error}")
    with steps.locked(row) as held:
        held.version, held.state = version, State.GATE
        held.save(update_fields=["version", "state"])
        steps.finish(step, StepState.DONE, f"It is {version.number}.", {"version": str(version.pk)})
        steps.begin(held, Kind.GATE, f"{version.number} is held against {row.base.number}.", at=now)
    return True


def _made(row: Retraining, run: Experiment) -> ModelVersion | None:
    return ModelVersion.objects.filter(model=row.model, experiment=run).first()


def _fail(row: Retraining, why: str) -> bool:
    with steps.locked(row) as held:
        steps.end(held, State.FAILED, why)
    return True
