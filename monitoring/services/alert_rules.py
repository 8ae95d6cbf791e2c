"""Rules of alerts: those that every model starts with, and those that people add, change, switch off and delete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from experiments.models import RegisteredModel
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit
from monitoring.models import AlertRule, MonitoringSettings
from monitoring.services import alert_acts, monitoring_settings
from monitoring.services.alert_seeds import FOLLOWING, SEEDS
from monitoring.services.alert_terms import FIELDS, NEEDED, USUAL, channels_of, cleaned, usual_comparison

SWITCHED_OFF = "The rule was switched off."
FOREIGN_TO_SEEDS = ("signal", "comparison")
"""What a seeded rule is about cannot be changed: another rule can be added."""


def seed(model: RegisteredModel, settings: MonitoringSettings | None = None) -> int:
    """Adds the rules that every model starts with and that this one lacks; returns how many."""
    with transaction.atomic():
        # The model's row is the lock: two rounds of the judge at once add them once.
        RegisteredModel.objects.select_for_update().only("pk").get(pk=model.pk)
        rules = AlertRule.objects.filter(model=model)
        known = set(rules.filter(seeded=True).values_list("state__seed", flat=True))
        names = set(rules.values_list("name", flat=True))
        wanted = settings or monitoring_settings.of(model)
        made = []
        for one in SEEDS.values():
            if one.key not in known:
                rule = one.rule(wanted)
                rule.model = model
                rule.name = _free(one.name, names)
                made.append(rule)
        AlertRule.objects.bulk_create(made)
    return len(made)


def lacks_seeds(rules: Sequence[AlertRule]) -> bool:
    """Whether some rule that every model starts with is not among these."""
    return not SEEDS.keys() <= {rule.state.get("seed") for rule in rules}


def follows(rule: AlertRule) -> bool:
    """Whether its thresholds are those of the model's settings."""
    return rule.seeded and not rule.state.get("edited") and rule.state.get("seed") in SEEDS


def follow(rule: AlertRule, settings: MonitoringSettings) -> bool:
    """Takes the thresholds of the settings where the rule follows them; whether something changed. Not saved."""
    if not follows(rule):
        return False
    terms = SEEDS[rule.state["seed"]].terms(settings)
    if all(getattr(rule, name) == value for name, value in terms.items()):
        return False
    for name, value in terms.items():
        setattr(rule, name, value)
    _begin_anew(rule)
    return True


def followed(rule: AlertRule, settings: MonitoringSettings) -> AlertRule:
    """The rule with the thresholds of the settings, which are saved where they changed."""
    if not follow(rule, settings):
        return rule
    with transaction.atomic():
        locked = _locked(rule)
        if follow(locked, settings):
            locked.save(update_fields=[*FOLLOWING, "state"])
    return locked


def create(model: RegisteredModel, values: Mapping[str, Any], *, actor: User | None) -> AlertRule:
    """A new rule; fields that are left out suit the signal. Raises Refused."""
    lacking = [Problem(name, "is missing") for name in NEEDED if values.get(name) in (None, "")]
    if lacking:
        raise Refused(lacking)
    given = {name: value for name, value in values.items() if name != "channels"}
    given.setdefault("comparison", usual_comparison(str(given["signal"])))
    found = {**USUAL, **cleaned(given, USUAL)}
    channels = channels_of(model, values.get("channels") or [])
    try:
        with transaction.atomic():
            rule = AlertRule.objects.create(model=model, created_by=actor, **found)
            rule.channels.set(channels)
            after = found | {"channels": [one.name for one in channels]}
            _audit("create_alert_rule", rule, actor, {}, after)
    except IntegrityError as error:
        raise _taken(found["name"]) from error
    return rule


def change(
    rule: AlertRule, values: Mapping[str, Any], *, actor: User | None, follow_settings: bool = False
) -> AlertRule:
    """Sets the given fields; the others stay. What was counted under the old terms is forgotten. Raises Refused.

    A seeded rule whose threshold is given no longer follows the settings; ``follow_settings`` makes it again.
    """
    given = {name: value for name, value in values.items() if name not in ("channels", "enabled")}
    try:
        with transaction.atomic():
            locked = _locked(rule)
            current = {name: getattr(locked, name) for name in FIELDS}
            found = cleaned(given, current)
            _refuse_foreign(locked, found)
            before, after = audit.changes({name: current[name] for name in found}, found)
            for name, value in after.items():
                setattr(locked, name, value)
            if locked.seeded and set(after) & set(FOLLOWING):
                locked.state["edited"] = True
            if set(after) - {"name", "severity"}:
                _begin_anew(locked)
            if follow_settings and locked.state.pop("edited", False):
                follow(locked, monitoring_settings.of(locked.model))
                after |= {name: getattr(locked, name) for name in FOLLOWING}
            if "channels" in values:
                before["channels"], after["channels"] = _set_channels(locked, values["channels"])
            locked.save()
            if after != before:
                _audit("change_alert_rule", locked, actor, before, after)
            if "enabled" in values:
                _switch(locked, FIELDS["enabled"](values["enabled"]), actor)
    except IntegrityError as error:
        raise _taken(str(given.get("name", ""))) from error
    return locked


def enable(rule: AlertRule, on: bool, *, actor: User | None, now: dt.datetime | None = None) -> AlertRule:
    """Switches the rule on or off; off, its alert is resolved, as nobody looks at the signal any more."""
    with transaction.atomic():
        locked = _locked(rule)
        _switch(locked, on, actor, now)
    return locked


def delete(rule: AlertRule, *, actor: User | None) -> None:
    """Deletes the rule with the history of its alerts. Raises Refused for one that every model starts with."""
    with transaction.atomic():
        locked = _locked(rule)
        if locked.seeded:
            raise Refused(
                [Problem("rule", f"{locked.name!r} is one that every model starts with; switch it off instead")]
            )
        _audit("delete_alert_rule", locked, actor, _described(locked) | {"alerts": locked.alerts.count()}, {})
        locked.delete()


def _switch(locked: AlertRule, on: bool, actor: User | None, now: dt.datetime | None = None) -> None:
    if locked.enabled == on:
        return
    locked.enabled = on
    _begin_anew(locked)
    locked.save(update_fields=["enabled", "state"])
    _audit("change_alert_rule", locked, actor, {"enabled": not on}, {"enabled": on})
    if not on:
        alert_acts.resolve_of(locked, actor=actor, note=SWITCHED_OFF, now=now or timezone.now())


def _locked(rule: AlertRule) -> AlertRule:
    """The rule as it is now, for this transaction alone. The order of locks is: rule, then its alert."""
    found = AlertRule.objects.select_for_update(of=("self",)).select_related("model__workspace").filter(pk=rule.pk)
    locked = found.first()
    if locked is None:
        raise Refused([Problem("rule", "was deleted meanwhile")])
    return locked


def _begin_anew(rule: AlertRule) -> None:
    """Rows of bad and good readings end; the last reading stays, so that it does not count twice."""
    rule.state = {name: value for name, value in rule.state.items() if name not in ("bad", "good")}


def _set_channels(rule: AlertRule, ids: Any) -> tuple[list[str], list[str]]:
    wanted = channels_of(rule.model, ids)
    before = [one.name for one in rule.channels.all()]
    rule.channels.set(wanted)
    return before, [one.name for one in wanted]


def _refuse_foreign(rule: AlertRule, found: Mapping[str, Any]) -> None:
    touched = [
        name for name in FOREIGN_TO_SEEDS if rule.seeded and name in found and found[name] != getattr(rule, name)
    ]
    if touched:
        words = "cannot be changed of a rule that every model starts with; add another rule"
        raise Refused([Problem(name, words) for name in touched])


def _taken(name: str) -> Refused:
    return Refused([Problem("name", f"{name!r} is the name of another rule of this model; another name is accepted")])


def _free(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name} {number}", number + 1
    taken.add(found)
    return found


def _described(rule: AlertRule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in FIELDS}


def _audit(
    action: str, rule: AlertRule, actor: User | None, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    audit.record(
        action=action,
        actor=actor,
        workspace=rule.model.workspace,
        obj=rule,
        label=f"{rule.model.name}: {rule.name}",
        before=before,
        after=after,
    )
