"""Trials between versions: made, started, stopped, and won. ``trial_readings`` reads them, ``trial_ends`` ends them.

A trial begins and ends in one transaction each, under the locks of its row and of the model, so that of many who start
at once one does, and a process that is killed leaves nothing half.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from experiments.models import ModelVersion, RegisteredModel, Stage, StageChange
from experiments.models.job import JobStateError
from experiments.services import promotion, registry, traffic
from experiments.services.deployments import champion
from experiments.services.model_fields import cleaned_note
from experiments.services.promotion import PromotionRefused
from experiments.services.promotion_blockers import Blocker
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit
from retraining.models import Retraining, Trial, TrialArm
from retraining.services import trial_design, trial_ends, trial_readings
from retraining.services.trial_ends import State
from retraining.services.trial_metrics import METRICS, MetricSpec, choices, spec_of
from retraining.services.trial_terms import Asked, TrialTerms, asked

__all__ = [
    "METRICS",
    "MetricSpec",
    "change",
    "choices",
    "delete",
    "draft",
    "outweighed",
    "promote",
    "spec_of",
    "start",
    "stop",
]

log = structlog.get_logger(__name__)
THROUGH = "trial"
_OFFLINE = ("no_evaluation", "threshold")
"""Blockers of the gate beside those that begin with ``gate_``."""


def draft(model: RegisteredModel, document: Mapping[str, Any], *, actor: User | None) -> Trial:
    """A trial that is not started. Raises Refused with every problem under the document's names;
    JobStateError for an archived model. Audited."""
    found = asked(model, document)
    terms = trial_design.settled(model, found)
    with _name_taken(found.name), transaction.atomic():
        locked = registry.lock(model)
        if locked.archived_at is not None:
            raise JobStateError(f"{locked.name} is archived; restore it first.")
        made = Trial(model=locked, created_by=actor)
        _write(made, found, terms)
        _audit("draft_trial", made, actor, after=_told(found, terms))
    return made


def change(trial: Trial, document: Mapping[str, Any], *, actor: User | None) -> Trial:
    """The draft as another document has it. Raises as :func:`draft` does; JobStateError once it was started."""
    found = asked(trial.model, document, trial)
    terms = trial_design.settled(trial.model, found)
    with _name_taken(found.name), trial_ends.locked(trial) as row:
        trial_ends.require(row, State.DRAFT, "changed")
        row.arms.all().delete()
        _write(row, found, terms)
        _audit("change_trial", row, actor, after=_told(found, terms))
    return row


def delete(trial: Trial, *, actor: User | None) -> None:
    """Of a draft. Raises JobStateError once it was started: what users were shown stays told."""
    with trial_ends.locked(trial) as row:
        trial_ends.require(row, State.DRAFT, "deleted")
        _audit("delete_trial", row, actor, before={"name": row.name})
        row.delete()


def start(trial: Trial, *, actor: User | None) -> Trial:
    """Its versions begin to answer their shares of the users, who are drawn anew. Audited.

    Raises JobStateError: it is no draft, another trial runs, a version answers beside the champion, a retraining is in
    its canary, nothing is in production, or a version cannot be brought to staging. Raises Refused where a version's
    files cannot be loaded. Nothing is changed then.
    """
    with trial_ends.locked(trial) as row:
        trial_ends.require(row, State.DRAFT, "started")
        live = _startable(row)
        row.salt, row.state = secrets.token_hex(8), State.RUNNING
        for arm in row.arms.select_related("version__model"):
            arm.deployment = _deployed(row, arm, actor)
            arm.save(update_fields=["deployment"])
        now = timezone.now()
        left = 1 - sum(row.arms.values_list("share", flat=True))
        theirs = traffic.running(row.model).filter(version=live).first()
        TrialArm.objects.create(trial=row, version=live, deployment=theirs, share=left, is_control=True)
        row.started_at, row.planned_end = now, now + dt.timedelta(days=TrialTerms.of(row).days)
        row.next_reading_at = now + trial_readings.SHORTEST
        row.save()
        after = {"control": live.number, "shares": {one.version.number: one.share for one in _arms(row)}}
        _audit("start_trial", row, actor, before={"state": State.DRAFT}, after=after)
    return row


def stop(trial: Trial, *, actor: User | None, reason: str = "") -> Trial:
    """Reads it once more, keeps the verdict, and gives all users back to the champion. Audited.

    Raises JobStateError where it does not run.
    """
    reason = cleaned_note(reason, "reason")
    if trial_readings.fresh(trial).state == State.RUNNING:
        try:
            trial_readings.read(trial)
        except (DatabaseError, JobStateError):
            # Users go back all the same; the verdict is that of the reading before.
            log.warning("last reading of a trial failed", trial=str(trial.pk), exc_info=True)
    with trial_ends.locked(trial) as row:
        trial_ends.require(row, State.RUNNING, "stopped")
        said = f"Stopped by {actor}" if actor is not None else "Stopped"
        trial_ends.end(row, f"{said}: {reason}" if reason else f"{said}.", actor=actor, reason=reason)
    return row


def promote(trial: Trial, *, actor: User | None, reason: str = "", version: ModelVersion | None = None) -> StageChange:
    """The winner goes into production, and the trial ends. Audited as any promotion, which names the trial.

    A win on users outweighs what the gate found offline: those blockers are overruled with the trial as the reason.
    ``version``: a variant that did not win, which is promoted by the ordinary rules. Raises JobStateError: it does not
    run, has no winner, or the winner answers already; PromotionRefused with what still speaks against it.
    """
    reason = cleaned_note(reason, "reason")
    with trial_ends.locked(trial) as row:
        trial_ends.require(row, State.RUNNING, "won")
        verdict = row.readings.order_by("-at").values_list("verdict", flat=True).first() or trial_ends.UNREAD
        arm = _promoted(row, verdict, version)
        won = verdict["winner"] == arm.version.number
        sentence = f"Won the trial {row.name}: {verdict['sentence']}" if won else f"Chosen in the trial {row.name}."
        trial_ends.end(row, f"{arm.version.number} goes into production.", actor=actor,
                       reason=reason, winner=arm.version)  # fmt: skip
        chosen = ModelVersion.objects.select_related("model__workspace").get(pk=arm.version_id)
        found = promotion.assess(chosen) if won else None
        standing = [one for one in found.blockers if not outweighed(one)] if found is not None else []
        if standing:
            raise PromotionRefused(standing)
        return promotion.promote(
            chosen,
            actor=actor,
            reason=f"{sentence} {reason}".strip(),
            force=bool(found and found.blockers),
            through=THROUGH,
        )


def outweighed(blocker: Blocker) -> bool:
    """Whether a win on users overrules it: what the gate found offline."""
    return blocker.can_force and (blocker.code.startswith("gate_") or blocker.code in _OFFLINE)


def _promoted(row: Trial, verdict: Mapping[str, Any], version: ModelVersion | None) -> TrialArm:
    arms = {one.version.number: one for one in _arms(row)}
    number = version.number if version is not None else verdict["winner"]
    if number is None:
        raise JobStateError(f"{row.name} has no winner: {verdict['sentence']}")
    if number not in arms:
        raise JobStateError(f"{number} does not take part in {row.name}; accepted: {', '.join(arms)}.")
    if arms[number].is_control:
        raise JobStateError(f"{number} is in production already; stop the trial instead.")
    if trial_ends.answering(row, arms[number]) is None:
        raise JobStateError(f"{number} was stopped in this trial; on its own page it can be promoted all the same.")
    return arms[number]


def _startable(row: Trial) -> ModelVersion:
    """The champion, if the trial may begin beside it."""
    model, live = row.model, champion(row.model)
    if model.archived_at is not None:
        raise JobStateError(f"{model.name} is archived; restore it first.")
    if live is None:
        raise JobStateError(f"No version of {model.name} is in production, so there is nothing to compare with.")
    if other := Trial.objects.filter(model=model, state=State.RUNNING).first():
        raise JobStateError(f"The trial {other.name} of {model.name} runs; stop it first.")
    if Retraining.objects.filter(model=model, state=Retraining.State.CANARY).exists():
        raise JobStateError(f"A retraining of {model.name} is in its canary; wait for its end or stop it.")
    if row.kind == Trial.Kind.SPLIT and model.exploration > 0:
        raise JobStateError(
            f"{100 * model.exploration:.3g} % of the champion's lists end in an item drawn at random, which those of "
            "its variants do not; set exploration to 0 first."
        )
    if taken := traffic.running(model).filter(role__in=traffic.SHARING).first():
        raise JobStateError(
            f"{taken.version.number} answers {100 * taken.share:.3g} % of the users as {taken.role}; end that first."
        )
    return live


def _deployed(row: Trial, arm: TrialArm, actor: User | None) -> Any:
    version, said = arm.version, f"Trial {row.name}"
    if version.stage == Stage.DEVELOPMENT:
        try:
            promotion.promote(version, actor=actor, to_stage=Stage.STAGING, reason=said, through=THROUGH)
        except PromotionRefused as refused:
            raise JobStateError(f"{version.number} cannot answer users: {refused}") from refused
        version = ModelVersion.objects.select_related("model").get(pk=version.pk)
    return traffic.deploy(
        version, role=trial_ends.role_of(row), share=arm.share, actor=actor, reason=said, salt=row.salt
    )


def _write(row: Trial, found: Asked, terms: TrialTerms) -> None:
    row.name, row.kind, row.method, row.metric = found.name, found.kind, found.method, found.metric
    row.plan = terms.to_json()
    row.save()
    TrialArm.objects.bulk_create(
        [TrialArm(trial=row, version=version, share=share) for version, share in found.shares.items()]
    )


def _arms(row: Trial) -> list[TrialArm]:
    return list(row.arms.select_related("version"))


def _told(found: Asked, terms: TrialTerms) -> dict[str, Any]:
    shares = {version.number: share for version, share in found.shares.items()}
    return {"name": found.name, "kind": found.kind, "method": found.method, "metric": found.metric, "shares": shares,
            "plan": terms.to_json()}  # fmt: skip


def _audit(action: str, row: Trial, actor: User | None, **told: Any) -> None:
    label = f"{row.name} of {row.model.name}"
    audit.record(action=action, actor=actor, workspace=row.model.workspace, obj=row, label=label, **told)


class _name_taken:  # noqa: N801  a context manager, read as a sentence
    """Turns the database's refusal of a second trial of one name, made in the same moment, into ours."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, IntegrityError) and "trial_name_once" in str(error):
            message = f"there is a trial {self.name!r} of this model already; accepted: another name"
            raise Refused([Problem("name", message)]) from error
