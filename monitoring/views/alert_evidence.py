"""Where the evidence of an alert stands: the check, the tab and the stretch of time, the version, the rule."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode

from monitoring.models import Alert

TAB_NAMES = {"quality": "Quality", "cost": "Cost", "drift": "Drift", "data": "Data", "traffic": "Traffic"}


@dataclass(frozen=True)
class Evidence:
    label: str
    href: str
    icon: str


def links_of(alert: Alert) -> list[Evidence]:
    """In the order in which one looks at them; what has no page is left out."""
    evidence: dict[str, Any] = alert.evidence
    model = alert.rule.model
    found = []
    tab = evidence.get("tab", "")
    if tab in TAB_NAMES:
        query = {"model": str(model.pk), "tab": tab} | _stretch(evidence)
        address = f"{reverse('monitoring:overview')}?{urlencode(query)}"
        found.append(Evidence(f"{TAB_NAMES[tab]} in this stretch of time", address, "activity"))
    if evidence.get("area") == "drift" and (
        address := _address("monitoring:drift_one", model.pk, evidence.get("check"))
    ):
        found.append(Evidence("The check with its findings", address, "list-checks"))
    if address := _address("experiments:model_version", model.pk, evidence.get("version")):
        found.append(Evidence(f"Version {evidence.get('number', '')}", address, "box"))
    found.append(Evidence(f"Model {model.name}", reverse("experiments:model", args=[model.pk]), "box"))
    return found


def _stretch(evidence: dict[str, Any]) -> dict[str, str]:
    """As the monitoring page's address has it."""
    try:
        moments = [dt.datetime.fromisoformat(evidence[name]).astimezone(dt.UTC) for name in ("from", "to")]
    except (KeyError, TypeError, ValueError):
        return {}
    return {name: f"{moment:%Y-%m-%dT%H:%M}" for name, moment in zip(("from", "to"), moments, strict=True)}


def _address(name: str, *values: Any) -> str:
    """ "" where there is no such page, or nothing to show on it."""
    if not all(values):
        return ""
    try:
        return reverse(name, args=[str(value) for value in values])
    except NoReverseMatch:
        return ""
