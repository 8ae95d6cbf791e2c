"""One evaluation of a model's policy: read, decide, store and act in one transaction under the model's lock.

However many ask at once, they decide one after the other, and each sees what the one before has done; so a hundred
breaches in a minute begin one retraining.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from experiments.models import Deployment, RegisteredModel
from experiments.models.job import JobStateError
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit
from monitoring.models import Check, Verdict
from retraining.models import Decision
from retraining.plan import Plan
from retraining.policy.decide import decide as evaluate
from retraining.policy.decision import Decision as Decided
from retraining.services import policies, retrainings
from retraining.services.inputs import inputs_of

log = structlog.get_logger(__name__)
LOCK_CLASS = 0x7264
"""Class of the locks under which a model's policy is evaluated."""
KEPT = dt.timedelta(days=90)
"""Older scheduled decisions that did nothing go, but the last of each day stays."""
SCHEDULE = "schedule"
Answer = Decision.Answer


@dataclass
class Round:
    """What a round did: policies evaluated, retrainings begun or proposed, models that failed."""

    decided: int = 0
    acted: int = 0
    failed: int = 0


def decide(
    model: RegisteredModel,
    *,
    through: str,
    actor: User | None = None,
    by_hand: bool = False,
    now: dt.datetime | None = None,
) -> Decision:
    """Evaluates the policy and does what it says. ``by_hand``: a person asks for a retraining, whatever the signals.

    Raises Refused where nothing of the model is in production: then there is nothing to retrain.
    """
    with transaction.atomic():
        _lock(model)
        return _decide(model, through, actor, by_hand, now or timezone.now())


def decide_due(now: dt.datetime | None = None) -> Round:
    """Evaluates every live model whose last scheduled decision is older than ``DECIDE_SECONDS`` or than an alarm."""
    moment = now or timezone.now()
    done = Round()
    for model in due(moment):
        try:
            with transaction.atomic():
                _lock(model)
                if _lately(moment).filter(model=model).exists():
                    continue
                made = _decide(model, SCHEDULE, None, False, moment)
        except Exception:  # whatever it is: the other models are decided on all the same
            log.exception("not decided", model=str(model.pk))
            done.failed += 1
            continue
        done.decided += 1
        done.acted += made.action != Decision.Action.NONE
    return done


def due(now: dt.datetime) -> list[RegisteredModel]:
    """Live models that were not decided on lately; of those in mode "off" too, for their page tells how they stand."""
    live = Deployment.objects.filter(model=OuterRef("pk"), ended_at__isnull=True, role=Deployment.As.CHAMPION)
    lately = _lately(now).filter(model=OuterRef("pk"))
    rows = RegisteredModel.objects.filter(Exists(live), ~Exists(lately), archived_at__isnull=True)
    return list(rows.select_related("workspace").order_by("pk"))


def answer(decision: Decision, *, accept: bool, actor: User | None, through: str = "page") -> Decision:
    """Accepts or dismisses a proposal; accepting begins the retraining. Audited.

    Raises JobStateError where it waits no more, Refused where a retraining cannot begin now.
    """
    with transaction.atomic():
        _lock(decision.model)
        row = Decision.objects.select_for_update(of=("self",)).select_related("model__workspace").get(pk=decision.pk)
        if row.answer != Answer.OPEN:
            raise JobStateError(f"This proposal waits no more: {row.get_answer_display() or 'it is none'}.")
        row.answer = Answer.ACCEPTED if accept else Answer.DISMISSED
        row.answered_by, row.answered_at = actor, timezone.now()
        row.save(update_fields=["answer", "answered_by", "answered_at"])
        if accept:
            retrainings.begin(
                row.model, decision=row, actor=actor, through=through, plan=policies.of(row.model).plan.to_json()
            )
        audit.record(
            action="answer_proposal",
            actor=actor,
            workspace=row.model.workspace,
            obj=row,
            label=f"Retraining of {row.model.name}",
            after={"answer": row.answer},
        )
    return row


def drop_old(now: dt.datetime | None = None) -> int:
    """Deletes scheduled decisions older than 90 days that did nothing; of each day and model the last one stays."""
    limit = (now or timezone.now()) - KEPT
    with connection.cursor() as cursor:
        cursor.execute(_OLD, [limit])
        return int(cursor.rowcount)


_OLD = """
DELETE FROM retraining_decision d USING (
    SELECT id, row_number() OVER (
        PARTITION BY model_id, date_bin('1 day', at, 'epoch'::timestamptz) ORDER BY at DESC, id) AS place
    FROM retraining_decision WHERE at < %s AND through = 'schedule' AND action = 'none'
) ranked WHERE ranked.id = d.id AND ranked.place > 1"""


def _decide(model: RegisteredModel, through: str, actor: User | None, by_hand: bool, now: dt.datetime) -> Decision:
    row = policies.locked(model)
    agreed = policies.agreed(row)
    seen = inputs_of(model, agreed, by_hand=by_hand, now=now)
    if not _has_champion(model):
        raise Refused([Problem("model", f"{model.name} has no version in production; promote one first")])
    found = evaluate(agreed.policy, seen)
    made = Decision.objects.create(
        model=model,
        at=now,
        tier=found.tier,
        action=found.action,
        sentence=_said(found),
        document=found.to_json(),
        inputs=seen.to_json(),
        policy=agreed.policy.to_json(),
        policy_revision=agreed.revision,
        slot=found.slot,
        through=through,
        asked_by=actor,
    )
    if found.slot is not None:
        row.schedule_since = max(row.schedule_since, found.slot)
        row.save(update_fields=["schedule_since"])
    _act(made, found, agreed.plan, actor)
    return made


def _act(made: Decision, found: Decided, plan: Plan, actor: User | None) -> None:
    if found.action == "none":
        return
    waiting = Decision.objects.filter(model=made.model, answer=Answer.OPEN).exclude(pk=made.pk)
    waiting.update(answer=Answer.SUPERSEDED, answered_at=made.at)
    if found.action == "propose":
        made.answer = Answer.OPEN
        made.save(update_fields=["answer"])
    else:
        retrainings.begin(made.model, decision=made, actor=actor, through=made.through, plan=plan.to_json())


def _said(found: Decided) -> str:
    """The one sentence of lists and banners: the first trigger that fired, else what holds for the whole."""
    return next((one.sentence for one in found.fired if one.sentence), found.reasons[0])


def _lately(now: dt.datetime) -> QuerySet[Decision]:
    """Scheduled decisions that are young enough, and saw the newest alarming check."""
    since = now - dt.timedelta(seconds=settings.DECIDE_SECONDS)
    alarming = Check.objects.filter(
        model=OuterRef("model"), through=SCHEDULE, verdict=Verdict.ACT, at__gt=OuterRef("at"), at__lte=now
    )
    return Decision.objects.filter(~Exists(alarming), through=SCHEDULE, at__gt=since, at__lte=now)


def _has_champion(model: RegisteredModel) -> bool:
    return Deployment.objects.filter(model=model, ended_at__isnull=True, role=Deployment.As.CHAMPION).exists()


def _lock(model: RegisteredModel) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_CLASS, model.pk.int % 2**31])
