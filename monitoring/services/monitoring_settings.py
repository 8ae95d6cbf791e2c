"""How a model is judged: its settings, which values are accepted, and who changed them when."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from experiments.models import RegisteredModel
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.permissions import Action
from mlopspro.accounts.services import audit
from monitoring.models import MonitoringSettings
from monitoring.stats.thresholds import DEFAULTS, Thresholds

PRICES: Final = ("price_false_positive", "price_false_negative", "price_over", "price_under")
"""Managers set these (Action.EDIT_PRICES); the others belong to who may edit a policy."""
CHANGED = "change_monitoring_settings"
"""As the audit trail calls it."""
MOST_DOLLARS = 1_000_000.0
LONGEST_WINDOW = 30 * 86400


@dataclass(frozen=True)
class _Bounds:
    """Which numbers a field takes; ``step``: whole multiples of it only."""

    least: float
    most: float
    unit: str = ""
    whole: bool = False
    step: int = 1

    @property
    def words(self) -> str:
        kind = "whole numbers" if self.whole else "numbers"
        if self.step > 1:
            kind = f"multiples of {self.step}"
        return f"{kind} from {self.least:,g} to {self.most:,.15g}{self.unit} are"

    def checked(self, value: Any) -> float | int:
        """Raises ValueError saying what is accepted."""
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not self.least <= number <= self.most or ((self.whole or self.step > 1) and number % self.step):
            raise ValueError(f"{value!r} is not accepted; {self.words}")
        return int(number) if self.whole or self.step > 1 else number


def _thresholds(value: Any) -> dict[str, float]:
    """{statistic: effect} or {"kind.statistic": effect}; empty: the defaults. Raises Refused, or ValueError."""
    if not isinstance(value, Mapping):
        raise ValueError(  # noqa: TRY004  one kind of error for a value that is not accepted
            f"{value!r} is not accepted; {{statistic: number above 0}} is"
        )
    known = sorted({name for kind in DEFAULTS.values() for name in kind})
    clean: dict[str, float] = {}
    problems: list[Problem] = []
    for name, given in value.items():
        try:
            clean[str(name)] = float(_Bounds(1e-6, 1e6).checked(given))
            Thresholds({str(name): clean[str(name)]})
        except ValueError as error:
            said = str(error) if str(name).rpartition(".")[2] in known else f"is no statistic; {', '.join(known)} are"
            problems.append(Problem(f"thresholds.{name}", said))
    if problems:
        raise Refused(problems)
    return clean


_PRICE = _Bounds(0, MOST_DOLLARS, " dollars")
_SHARE = _Bounds(0, 1)
FIELDS: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(PRICES, _PRICE.checked),
    "cost_limit": _Bounds(0, 1e9, " dollars").checked,
    "minimum_labels": _Bounds(1, 1_000_000, whole=True).checked,
    "minimum_sample": _Bounds(1, 100_000_000, whole=True).checked,
    "window_seconds": _Bounds(600, LONGEST_WINDOW, " seconds", step=60).checked,
    "watch_below": _SHARE.checked,
    "degraded_below": _SHARE.checked,
    "drift_threshold": _Bounds(0.01, 10).checked,
    "thresholds": _thresholds,
    "fresh_within_seconds": _Bounds(60, LONGEST_WINDOW, " seconds", whole=True).checked,
}


def of(model: RegisteredModel) -> MonitoringSettings:
    """Those of the model; the defaults, not saved, where nobody has set any."""
    found = MonitoringSettings.objects.filter(model=model).first()
    return found if found is not None else MonitoringSettings(model=model)


def action_for(name: str) -> Action:
    """What a person must be allowed to do to change this field."""
    return Action.EDIT_PRICES if name in PRICES else Action.EDIT_POLICY


def cleaned(current: MonitoringSettings, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored. Raises Refused with every field that is not accepted, and what would be."""
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    for name, given in changes.items():
        if name not in FIELDS:
            problems.append(Problem(name, f"is no setting; accepted: {', '.join(FIELDS)}"))
            continue
        try:
            values[name] = FIELDS[name](given)
        except Refused as error:
            problems += error.problems
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    watch = values.get("watch_below", current.watch_below)
    degraded = values.get("degraded_below", current.degraded_below)
    if not problems and degraded > watch:
        problems.append(
            Problem(
                "degraded_below", f"{degraded:g} is not accepted; shares up to {watch:g}, where watching begins, are"
            )
        )
    if problems:
        raise Refused(problems)
    return values


@transaction.atomic
def change(
    model: RegisteredModel, changes: Mapping[str, Any], *, actor: User | None, reason: str = ""
) -> MonitoringSettings:
    """Sets the given fields; the others stay. What changed stands in the audit trail. Raises Refused."""
    # The model's row is the lock: two people who save at once change one after the other.
    RegisteredModel.objects.select_for_update().only("pk").get(pk=model.pk)
    current = of(model)
    values = cleaned(current, changes)
    before, after = audit.changes({name: getattr(current, name) for name in values}, values)
    if not after:
        return current
    for name, value in after.items():
        setattr(current, name, value)
    current.updated_by, current.updated_at = actor, timezone.now()
    current.save()
    audit.record(
        action=CHANGED,
        actor=actor,
        workspace=model.workspace,
        obj=model,
        before=before,
        after=after,
        reason=reason,
    )
    return current
