"""Checks, rules and alerts for tests, written the way the judge and the evaluation write them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from experiments.models import RegisteredModel
from experiments.tests.versions import make_model_row
from mlopspro.accounts.models import Workspace
from monitoring.models import Alert, AlertRule, Check, Finding, Verdict
from monitoring.services import alert_rules, alerting

MINUTE = dt.timedelta(minutes=1)
NOW = timezone.now().replace(microsecond=0)


def make_check(
    model: RegisteredModel, score: float | None, at: dt.datetime, area: str = "quality", **fields: Any
) -> Check:
    """One of the judge's rounds; ``findings``: {(signal, statistic): (value, current size)}."""
    findings: dict[tuple[str, str], tuple[float | None, int | None]] = fields.pop("findings", {})
    values = {
        "start": at - dt.timedelta(days=1), "end": at, "verdict": Verdict.OK, "through": "schedule",
        "sentence": f"The {area} of this check is {score}.",
    }  # fmt: skip
    check = Check.objects.create(model=model, area=area, score=score, at=at, **(values | fields))
    for (signal, statistic), (value, size) in findings.items():
        Finding.objects.create(
            check_of=check, signal=signal, statistic=statistic, value=value, current_size=size, verdict=Verdict.OK
        )
    return check


def make_rule(model: RegisteredModel, **fields: Any) -> AlertRule:
    """Performance below 0.85, cleared from 0.87 on, two checks in a row, on any number of cases."""
    values: dict[str, Any] = {
        "name": "Performance", "signal": "quality.performance", "comparison": "below", "threshold": 0.85,
        "clear_at": 0.87, "for_checks": 2, "minimum_sample": 0, "severity": "warning",
    }  # fmt: skip
    return AlertRule.objects.create(model=model, **(values | fields))


def quiet_model(workspace: Workspace, name: str = "Films") -> RegisteredModel:
    """One whose seeded rules are switched off, so that a test sees its own rule alone."""
    model = make_model_row(workspace, name)
    alert_rules.seed(model)
    AlertRule.objects.filter(model=model).update(enabled=False)
    return model


def judged(model: RegisteredModel, scores: list[float | None], start: dt.datetime = NOW, every: int = 5, **fields: Any):
    """A check and an evaluation for each score, ``every`` minutes apart; what each evaluation did."""
    done = []
    for place, score in enumerate(scores):
        at = start + place * every * MINUTE
        make_check(model, score, at, **fields)
        done.append(alerting.evaluate(model, at + dt.timedelta(seconds=1)))
    return done


def open_alert(model: RegisteredModel, start: dt.datetime | None = None, **fields: Any) -> Alert:
    """An alert that the evaluation opened, on two bad checks."""
    rule = make_rule(model, **fields)
    judged(model, [0.7, 0.7], start or timezone.now() - 10 * MINUTE)
    return Alert.objects.get(rule=rule)
