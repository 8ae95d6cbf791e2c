"""What is said of one step of an alert's life: one document, from which mail, Slack and webhooks take their words.

It is written down when the step happens, so that a message that arrives late still says what was true then. Version 1
of the form is that of docs/alerts.md; a change that a reader could stumble over raises the number.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.conf import settings

from monitoring.models.alerts import Alert, AlertEvent, Channel, Severity

VERSION = 1
TITLES = {
    "opened": "Alert",
    "returned": "Alert came back",
    "acknowledged": "Acknowledged",
    "snoozed": "Snoozed",
    "woke": "Snooze is over",
    "resolved": "Resolved",
    "note": "Note",
    "test": "Test",
}
"""The first word of a message, by the kind of event."""
Document = dict[str, Any]


def of_event(event: AlertEvent) -> Document:
    """The document of an event; without ``id``, which each delivery has of its own."""
    alert = event.alert
    model = alert.rule.model
    return {
        "version": VERSION,
        "type": f"alert.{event.kind}",
        "at": _written(event.at),
        "workspace": {"name": model.workspace.name, "slug": model.workspace.slug},
        "model": {"id": str(model.pk), "name": model.name},
        "rule": {"id": str(alert.rule_id), "name": alert.rule.name, "signal": alert.rule.signal},
        "alert": _alert(alert),
        "by": str(event.by) if event.by is not None else "",
        "note": event.note,
        "url": link(f"/monitoring/alerts/{alert.pk}/"),
    }


def of_test(channel: Channel, *, by: str, at: dt.datetime) -> Document:
    """What the test button sends: the same form, without model, rule and alert."""
    return {
        "version": VERSION,
        "type": "alert.test",
        "at": _written(at),
        "workspace": {"name": channel.workspace.name, "slug": channel.workspace.slug},
        "model": None,
        "rule": None,
        "alert": None,
        "by": by,
        "note": f"This is how alerts reach the channel “{channel.name}”. Nothing is wrong.",
        "url": link(f"/monitoring/alerts/channels/{channel.pk}/"),
    }


def with_id(document: Document) -> Document:
    """The document of one delivery: its id stays the same however often it is tried."""
    return {"id": str(uuid.uuid4()), **document}


def link(path: str) -> str:
    """The address of a page as a browser reaches it; empty where nobody said what the site is called."""
    public = str(settings.PUBLIC_URL).rstrip("/")
    return f"{public}{path}" if public else ""


def headline(document: Document) -> str:
    """Of one line, such as "Critical alert: Films – NDCG@10 is low"."""
    kind = str(document["type"]).partition(".")[2]
    title, alert = TITLES.get(kind, kind), document["alert"]
    if alert is None:
        return f"{title}: {document['workspace']['name']}"
    severity = Severity(alert["severity"]).label
    start = f"{severity} {title[0].lower()}{title[1:]}" if kind in ("opened", "returned") else title
    return f"{start}: {document['model']['name']} – {document['rule']['name']}"


def facts(document: Document) -> list[tuple[str, str]]:
    """What stands below the sentence, label and value; nothing for what there is not."""
    alert = document["alert"] or {}
    found = [
        ("Model", (document["model"] or {}).get("name", "")),
        ("Rule", (document["rule"] or {}).get("name", "")),
        ("Severity", Severity(alert["severity"]).label if alert else ""),
        ("Since", alert.get("opened_at", "")),
        ("By", document["by"]),
        ("Workspace", document["workspace"]["name"]),
    ]
    return [(label, value) for label, value in found if value]


def paragraphs(document: Document) -> list[str]:
    """The alert's sentence, and what somebody wrote to it."""
    alert = document["alert"] or {}
    return [text for text in (alert.get("sentence", ""), document["note"]) if text]


def _alert(alert: Alert) -> Document:
    return {
        "id": str(alert.pk),
        "state": alert.state,
        "severity": alert.severity,
        "sentence": alert.sentence,
        "value": alert.value,
        "threshold": alert.threshold,
        "opened_at": _written(alert.opened_at),
        "occurrences": alert.occurrences,
    }


def _written(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
