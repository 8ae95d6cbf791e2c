"""The four tiles above the tabs: where each of them, and the advice of the last, leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from monitoring.selectors.standing import Standing
from monitoring.selectors.windows import Period
from monitoring.views.panels import TABS

TAB_WORDS = {
    "traffic": "See its traffic",
    "data": "See data quality",
    "quality": "See quality",
    "cost": "See costs",
    "drift": "See drift",
}


@dataclass(frozen=True)
class Link:
    href: str
    label: str
    icon: str = "arrow-right"


def context(stands: Standing, period: Period) -> dict[str, Any]:
    """``tab_links`` by key of the tab, ``act``: where the advice leads, None where nothing is to be done."""
    links = {key: tab_address(stands, period, key) for key in TABS}
    return {"tab_links": links, "act": _act(stands, links)}


def tab_address(stands: Standing, period: Period, tab: str) -> str:
    return f"{reverse('monitoring:overview')}?{urlencode({'model': stands.model.pk, **period.query, 'tab': tab})}"


def _act(stands: Standing, links: dict[str, str]) -> Link | None:
    action, model = stands.advice.action, stands.model
    if not action:
        return None
    if action in links:
        return Link(links[action], TAB_WORDS[action])
    if action == "retrain" and stands.live is not None:
        return Link(reverse("retraining:model", args=[model.pk]), "Retrain or not", "refresh-cw")
    if action == "roll_back":
        return Link(reverse("experiments:model", args=[model.pk]), "Roll back", "undo-2")
    if action == "promote":
        return Link(reverse("experiments:model", args=[model.pk]), "Promote a version", "rocket")
    if action == "health":
        return Link(reverse("monitoring:health"), "System health", "heart-pulse")
    if action == "feedback":
        return Link(reverse("api_docs"), "How feedback is sent", "book-open")
    return Link(reverse("experiments:model", args=[model.pk]), "See the model")
