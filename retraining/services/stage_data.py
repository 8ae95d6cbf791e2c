"""Composing: the cut is written down, the data is put together, staged, and imported by an ordinary job."""

from __future__ import annotations

import datetime as dt

from experiments.models import DatasetImport, JobStatus
from experiments.services import composed_data
from retraining.models import Retraining, RetrainingStep
from retraining.plan import Plan
from retraining.services import composing, steps
from retraining.services.steps import Kind, Meanwhile, State, StepState


def turn(row: Retraining, now: dt.datetime) -> bool:
    """Whether it went on; False: it waits for the import."""
    step = steps.running(row, Kind.COMPOSE)
    if step is None:
        with steps.locked(row) as held:
            words = f"Puts together the data of {row.base.number} and the feedback since."
            steps.begin(held, Kind.COMPOSE, words, {"cut": now.isoformat()}, at=now)
        return True
    job = DatasetImport.objects.select_related("dataset").filter(pk=composing.import_id(row.pk)).first()
    if job is None:
        return _compose(row, step)
    if job.is_active:
        with steps.locked(row) as held:
            steps.say(held, "The data is being imported.")
        return False
    with steps.locked(row) as held:
        if job.state is not JobStatus.COMPLETED or job.dataset is None:
            why = job.failure_reason or f"it is {job.state.label.lower()}"
            steps.end(held, State.FAILED, f"Its data could not be imported: {why}")
            return True
        lineage = job.options["composed"]
        held.dataset, held.state = job.dataset, State.TRAINING
        held.save(update_fields=["dataset", "state"])
        steps.finish(step, StepState.DONE, _words(lineage["counts"]), {"counts": lineage["counts"]})
    return True


def _compose(row: Retraining, step: RetrainingStep) -> bool:
    cut = dt.datetime.fromisoformat(step.evidence["cut"])
    try:
        found = composing.compose(row.base, Plan.from_json(row.plan).data, cut)
    except composing.TooLittle as little:
        with steps.locked(row) as held:
            steps.end(held, State.HELD, f"Not enough new data. {little}")
        return True
    pk = composing.import_id(row.pk)
    composed_data.stage(pk, found.data)
    table = None
    if row.base.dataset.is_table:
        said = (row.base.experiment.preparation or {}).get("roles") or row.base.dataset.roles
        table = {"family": row.base.dataset.family, "roles": said}
    try:
        with steps.locked(row):
            composed_data.queue(
                pk=pk,
                workspace=row.model.workspace,
                actor=row.started_by,
                name=f"{row.model.name} up to {cut:%Y-%m-%d %H:%M}",
                composed=composing.lineage_of(row.base, row.pk, found, cut),
                table=table,
            )
    except Meanwhile:
        composed_data.discard(pk)
        raise
    return True


def _words(counts: dict[str, int]) -> str:
    if "holdout" in counts:
        return (
            f"{counts['train']:,} interactions to learn from, {counts['learnt_new']:,} of them new, and the newest "
            f"{counts['holdout']:,} new ones of {counts['holdout_users']:,} users to judge by."
        )
    return f"{counts['rows']:,} rows, {counts['new']:,} of them new."
