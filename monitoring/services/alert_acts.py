"""What people do with an alert: acknowledge, snooze, resolve, note. Each is an event, an audit row and deliveries.

Locks are taken in one order, the rule and then its alert, as the evaluation does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils import timezone

from experiments.services.labels import plain_text
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit
from monitoring.models import Alert, AlertEvent, AlertRule
from monitoring.services import notifications

SHORTEST_SNOOZE, LONGEST_SNOOZE = dt.timedelta(minutes=5), dt.timedelta(days=7)
LONGEST_NOTE = 2000
_State, _Kind = Alert.State, AlertEvent.Kind


def acknowledge(alert: Alert, *, actor: User | None, note: str = "", now: dt.datetime | None = None) -> Alert:
    """Somebody is on it. A second time changes nothing. Raises Refused for a resolved one."""
    words, moment = _words(note), now or timezone.now()
    with _live(alert, "acknowledged") as (_, locked):
        if locked.state != _State.ACKNOWLEDGED:
            locked.state, locked.acknowledged_by, locked.snoozed_until = _State.ACKNOWLEDGED, actor, None
            _act(locked, _Kind.ACKNOWLEDGED, actor, words, moment)
    return locked


def snooze(
    alert: Alert, *, actor: User | None, until: dt.datetime, note: str = "", now: dt.datetime | None = None
) -> Alert:
    """Quiet until then: it wakes if the signal is still bad. Raises Refused for a resolved one, and for a time that is
    not between 5 minutes and 7 days ahead."""
    words, moment = _words(note), now or timezone.now()
    if until.tzinfo is None or not SHORTEST_SNOOZE <= until - moment <= LONGEST_SNOOZE:
        raise Refused(
            [Problem("until", f"{until.isoformat()} is not accepted; 5 minutes to 7 days ahead are, with zone")]
        )
    with _live(alert, "snoozed") as (_, locked):
        locked.state, locked.snoozed_until = _State.SNOOZED, until
        text = f"Until {until.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC."
        _act(locked, _Kind.SNOOZED, actor, f"{text} {words}".strip(), moment)
    return locked


def resolve(alert: Alert, *, actor: User | None, note: str = "", now: dt.datetime | None = None) -> Alert:
    """Over, as a person says. What was counted is forgotten, so only new bad readings bring it back. Raises Refused."""
    words, moment = _words(note), now or timezone.now()
    with _live(alert, "resolved") as (rule, locked):
        _resolved(rule, locked, actor, words, moment)
    return locked


def note(alert: Alert, *, actor: User | None, note: str, now: dt.datetime | None = None) -> AlertEvent:
    """Words for whoever looks at the alert next, in any state. Raises Refused where there are none."""
    words = _words(note)
    if not words:
        raise Refused([Problem("note", f"is empty; 1 to {LONGEST_NOTE:,} characters are accepted")])
    with transaction.atomic():
        return _recorded(alert, _Kind.NOTE, actor, words, now or timezone.now())


def resolve_of(rule: AlertRule, *, actor: User | None, note: str, now: dt.datetime) -> None:
    """Resolves the live alert of a rule, if there is one; the rule is locked by this transaction."""
    locked = Alert.objects.select_for_update().filter(rule=rule).exclude(state=_State.RESOLVED).first()
    if locked is not None:
        locked.rule = rule
        _resolved(rule, locked, actor, note, now)


def write_event(alert: Alert, kind: AlertEvent.Kind, note: str, at: dt.datetime, by: User | None = None) -> AlertEvent:
    """The event with its deliveries, in the transaction of the caller."""
    event = AlertEvent.objects.create(alert=alert, kind=kind, at=at, by=by, note=note)
    notifications.queue(event, now=at)
    return event


def _resolved(rule: AlertRule, locked: Alert, actor: User | None, words: str, now: dt.datetime) -> None:
    locked.state, locked.resolved_at, locked.snoozed_until = _State.RESOLVED, now, None
    rule.state = {name: value for name, value in rule.state.items() if name not in ("bad", "good")}
    rule.save(update_fields=["state"])
    _act(locked, _Kind.RESOLVED, actor, words, now)


@contextmanager
def _live(alert: Alert, wanted: str) -> Iterator[tuple[AlertRule, Alert]]:
    """The rule and the alert, locked and as they are now."""
    with transaction.atomic():
        rules = AlertRule.objects.select_for_update(of=("self",)).select_related("model__workspace")
        rule = rules.filter(pk=alert.rule_id).first()
        locked = Alert.objects.select_for_update().filter(pk=alert.pk).first() if rule is not None else None
        if rule is None or locked is None:
            raise Refused([Problem("alert", "was deleted meanwhile, with its rule")])
        locked.rule = rule
        if locked.state == _State.RESOLVED:
            raise Refused([Problem("state", f"this alert is resolved already; only a live one can be {wanted}")])
        yield rule, locked


def _act(alert: Alert, kind: AlertEvent.Kind, actor: User | None, words: str, now: dt.datetime) -> AlertEvent:
    alert.save()
    return _recorded(alert, kind, actor, words, now)


def _recorded(alert: Alert, kind: AlertEvent.Kind, actor: User | None, words: str, now: dt.datetime) -> AlertEvent:
    event = write_event(alert, kind, words, now, actor)
    after: dict[str, Any] = {"state": alert.state}
    if alert.snoozed_until is not None:
        after["snoozed_until"] = alert.snoozed_until.isoformat()
    model = alert.rule.model
    audit.record(
        action=f"alert_{kind}",
        actor=actor,
        workspace=model.workspace,
        obj=alert,
        label=f"{model.name}: {alert.rule.name}",
        after=after,
        reason=words,
    )
    return event


def _words(text: str) -> str:
    try:
        words = plain_text(text)
    except ValueError as error:
        raise Refused([Problem("note", str(error))]) from error
    if len(words) > LONGEST_NOTE:
        raise Refused([Problem("note", f"has {len(words):,} characters; up to {LONGEST_NOTE:,} are accepted")])
    return words
