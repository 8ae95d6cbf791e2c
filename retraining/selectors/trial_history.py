"""What was done to a trial, by whom, the newest first: from the audit trail, as the page's timeline shows it."""

from __future__ import annotations

from typing import Any

from mlopspro.accounts.models import AuditEntry
from retraining.models import Trial

SHOWN = 30
TITLES = {
    "draft_trial": ("Planned", "neutral", "pencil"),
    "change_trial": ("Plan changed", "neutral", "pencil"),
    "start_trial": ("Started", "info", "play"),
    "end_trial": ("Ended", "neutral", "flag"),
}
"""What is recorded of a trial under other names was done by itself: a version that did harm was stopped."""


def history(trial: Trial) -> list[dict[str, Any]]:
    """Events for ``{% timeline %}``. One query."""
    rows = AuditEntry.objects.filter(object_type=trial._meta.label_lower, object_id=str(trial.pk))
    return [_event(one) for one in rows.select_related("actor").order_by("-at", "-id")[:SHOWN]]


def _event(entry: AuditEntry) -> dict[str, Any]:
    title, tone, icon = TITLES.get(entry.action, (entry.action_label, "warning", "octagon-x"))
    after = entry.after if isinstance(entry.after, dict) else {}
    sentence = str(after.get("sentence") or "")
    words = sentence if entry.reason in sentence else f"{sentence} {entry.reason}".strip()
    return {"at": entry.at, "title": title, "tone": tone, "icon": icon, "text": words, "actor": entry.actor}
