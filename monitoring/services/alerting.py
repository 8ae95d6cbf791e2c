"""Holds the rules of a model against what was read, and writes what follows.

What follows – the alert, its event, the deliveries and what the rule remembers – is one transaction under the rule's
lock: killed anywhere, either all of it happened or nothing, and the next round does it. Two rounds at once: the second
finds the reading counted. A constraint keeps one live alert a rule whatever else happens.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, fields
from typing import Any

import structlog
from django.db import transaction
from django.utils import timezone

from experiments.models import RegisteredModel
from monitoring.alerts import lifecycle
from monitoring.alerts.lifecycle import Life, Moved, Read, Step, Streak, Terms
from monitoring.alerts.reader import Reader
from monitoring.alerts.readings import Reading, SignalSpec
from monitoring.alerts.specs import SIGNALS
from monitoring.models import Alert, AlertEvent, AlertRule
from monitoring.services import alert_rules, monitoring_settings
from monitoring.services.alert_acts import acknowledge, note, resolve, snooze, write_event

log = structlog.get_logger(__name__)
_State, _Kind = Alert.State, AlertEvent.Kind

__all__ = ["Evaluated", "acknowledge", "evaluate", "note", "resolve", "snooze", "streak_of", "terms_of"]


@dataclass
class Evaluated:
    """What a round did with the rules of a model."""

    rules: int = 0
    opened: int = 0
    returned: int = 0
    resolved: int = 0
    woke: int = 0
    missing: int = 0
    failed: int = 0


def evaluate(model: RegisteredModel, now: dt.datetime | None = None) -> Evaluated:
    """Every enabled rule of the model once. What fails in one rule is logged and never stops the others."""
    moment = now or timezone.now()
    done = Evaluated()
    reader = Reader(model, moment)
    settings = monitoring_settings.of(model)
    rules = _rules(model)
    if alert_rules.lacks_seeds(rules):
        alert_rules.seed(model, settings)
        rules = _rules(model)
    newest = _newest_alerts(rules)
    for rule in rules:
        if not rule.enabled:
            continue
        done.rules += 1
        try:
            current = alert_rules.followed(rule, settings)
            _evaluate(current, newest.get(rule.pk), reader, done)
        except Exception:  # whatever it is: the other rules are evaluated all the same
            log.exception("rule not evaluated", model=str(model.pk), rule=str(rule.pk), signal=rule.signal)
            done.failed += 1
    return done


def terms_of(rule: AlertRule) -> Terms:
    spec = SIGNALS.get(rule.signal)
    return Terms(
        comparison=rule.comparison,  # type: ignore[arg-type]
        threshold=rule.threshold,
        clear_at=rule.clear_at,
        for_checks=max(1, rule.for_checks),
        minimum_sample=rule.minimum_sample if spec is None or spec.needs_sample else 0,
        inclusive=spec is not None and spec.inclusive,
    )


def streak_of(state: dict[str, Any]) -> Streak:
    """What a rule remembers, from its column."""
    return Streak(
        int(state.get("bad", 0)),
        int(state.get("good", 0)),
        _moment(state.get("at")),
        _moment(state.get("missing_since")),
        str(state.get("why", "")),
    )


def _rules(model: RegisteredModel) -> list[AlertRule]:
    return list(AlertRule.objects.filter(model=model).order_by("name", "pk"))


def _newest_alerts(rules: list[AlertRule]) -> dict[Any, Alert]:
    rows = Alert.objects.filter(rule__in=rules).order_by("rule_id", "-opened_at", "-pk").distinct("rule_id")
    return {one.rule_id: one for one in rows}


def _evaluate(rule: AlertRule, alert: Alert | None, reader: Reader, done: Evaluated) -> None:
    if _nothing_new(rule, alert, reader):
        return
    reading = reader.read(rule)
    moved = _step(rule, alert, reading, reader.now)
    done.missing += moved.grade is lifecycle.Grade.MISSING
    if not moved.steps and _state(rule, moved.streak, reading) == rule.state:
        return
    with transaction.atomic():
        locked = AlertRule.objects.select_for_update(of=("self",)).filter(pk=rule.pk, enabled=True).first()
        if locked is None:
            return
        locked.model = reader.model
        newest = Alert.objects.select_for_update().filter(rule=locked).order_by("-opened_at", "-pk").first()
        # Again under the lock: another round, or a person, may have been here meanwhile.
        moved = _step(locked, newest, reading, reader.now)
        _write(locked, newest, moved, reading, reader.now, done)


def _nothing_new(rule: AlertRule, alert: Alert | None, reader: Reader) -> bool:
    """Spares reading a course of windows again each minute: only a new reading, or a snooze that ends, matters."""
    if not SIGNALS[rule.signal].is_series:
        return False
    streak, newest = streak_of(rule.state), reader.newest_at(rule)
    asleep = alert is not None and alert.state == _State.SNOOZED
    looked = max(filter(None, (streak.at, _moment(rule.state.get("looked")))), default=None)
    return looked is not None and newest is not None and newest <= looked and not asleep


def _step(rule: AlertRule, alert: Alert | None, reading: Reading, now: dt.datetime) -> Moved:
    life = None
    if alert is not None:
        life = Life(alert.state, alert.occurrences, alert.snoozed_until, alert.resolved_at)  # type: ignore[arg-type]
    read = Read(reading.value, reading.sample, reading.at, reading.sentence)
    return lifecycle.step(terms_of(rule), streak_of(rule.state), life, read, now)


def _write(
    rule: AlertRule, alert: Alert | None, moved: Moved, reading: Reading, now: dt.datetime, done: Evaluated
) -> None:
    rule.state = _state(rule, moved.streak, reading)
    rule.save(update_fields=["state"])
    for step in moved.steps:
        if step is Step.OPEN:
            alert = Alert(rule=rule, opened_at=now)
            _tell(alert, rule, reading, now)
            alert.save(force_insert=True)
            write_event(alert, _Kind.OPENED, alert.sentence, now)
            done.opened += 1
        elif alert is not None:
            _go_on(alert, rule, step, moved, reading, now, done)


def _go_on(
    alert: Alert, rule: AlertRule, step: Step, moved: Moved, reading: Reading, now: dt.datetime, done: Evaluated
) -> None:
    alert.rule = rule
    if step is Step.SEEN:
        _tell(alert, rule, reading, now)
        alert.save()
        return
    if step is Step.GONE:
        write_event(alert, _Kind.NOTE, f"The signal is gone. {moved.streak.why}", now)
        return
    if step is Step.RETURN:
        _tell(alert, rule, reading, now)
        alert.state, alert.resolved_at, alert.acknowledged_by = _State.OPEN, None, None
        alert.occurrences += 1
        kind, words, done.returned = _Kind.RETURNED, alert.sentence, done.returned + 1
    elif step is Step.WAKE:
        alert.state, alert.snoozed_until = _State.OPEN, None
        kind, words, done.woke = _Kind.WOKE, alert.sentence, done.woke + 1
    else:
        alert.state, alert.resolved_at, alert.snoozed_until = _State.RESOLVED, now, None
        kind, words, done.resolved = _Kind.RESOLVED, reading.sentence, done.resolved + 1
    alert.save()
    write_event(alert, kind, words, now)


def _tell(alert: Alert, rule: AlertRule, reading: Reading, now: dt.datetime) -> None:
    """The newest bad reading into the alert."""
    spec = SIGNALS[rule.signal]
    alert.severity, alert.threshold, alert.value = rule.severity, rule.threshold, reading.value
    alert.sentence = f"{reading.sentence} {_against(spec, rule)}".strip()
    alert.evidence = {**reading.evidence, "figure": reading.figure, "sample": reading.sample}
    alert.last_seen_at = now


def _against(spec: SignalSpec, rule: AlertRule) -> str:
    if spec.is_series:
        return f"The rule's limit is {rule.threshold:g} deviations."
    return f"The rule's limit is {spec.figure(rule.threshold)}."


def _state(rule: AlertRule, streak: Streak, reading: Reading) -> dict[str, Any]:
    """The rule's column: what it remembers, and the last reading for those who look at it."""
    kept = {name: rule.state[name] for name in ("seed", "edited") if name in rule.state}
    last = {"value": reading.value, "figure": reading.figure, "sample": reading.sample, "sentence": reading.sentence}
    if streak.missing_since is not None:
        # What was read last stays: the page says since when there is nothing.
        last = {name: rule.state.get(name) for name in last}
    known = {one.name: getattr(streak, one.name) for one in fields(streak)} | {"looked": reading.at}
    plain = {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in known.items()}
    clean = {
        name: None if isinstance(value, float) and not math.isfinite(value) else value for name, value in last.items()
    }
    return {name: value for name, value in {**kept, **plain, **clean}.items() if value not in (None, "")}


def _moment(text: Any) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
