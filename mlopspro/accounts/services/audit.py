"""Writing the audit trail. Every consequential act calls ``record`` in the transaction that does it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import structlog
from django.core.cache import cache
from django.db import models
from django.http import HttpRequest

from mlopspro.accounts.events import Event
from mlopspro.accounts.models import AuditEntry, User, Workspace
from mlopspro.accounts.origin import current_origin
from mlopspro.core.logs import scrub

log = structlog.get_logger(__name__)
REFUSALS_ONCE_IN_SECONDS = 60


def record(
    *,
    action: str,
    actor: User | None = None,
    workspace: Workspace | None = None,
    obj: models.Model | None = None,
    label: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> AuditEntry:
    """Adds one entry; request id, address and API key come from the request being answered.

    ``obj`` is what was acted on; ``label`` names it where there is no row (or better than str(obj) does). Values
    under secret-looking names are blacked out before they are stored.
    """
    origin = current_origin()
    entry = AuditEntry.objects.create(
        workspace=workspace,
        actor=actor,
        api_key=origin.api_key,
        action=action,
        object_type=obj._meta.label_lower if obj is not None else "",
        object_id=str(obj.pk) if obj is not None else "",
        object_label=_line(label or (str(obj) if obj is not None else ""))[:200],
        before=_storable(before),
        after=_storable(after),
        reason=scrub(reason.replace("\x00", "")),
        request_id=origin.request_id,
        ip=origin.ip,
    )
    log.info("audit", action=action, actor=str(actor.pk) if actor else "", object_id=entry.object_id)
    return entry


def record_refusal(request: HttpRequest, action: str) -> None:
    """One entry a minute for the same person, act and address: a page that polls must not flood the trail."""
    user = cast(User, request.user)
    if cache.add(f"refused:{user.pk}:{action}:{request.path}", 1, REFUSALS_ONCE_IN_SECONDS):
        standing = request.standing  # type: ignore[attr-defined]
        record(
            action=Event.REFUSED,
            actor=user,
            workspace=standing.workspace,
            label=f"{request.method} {request.path}",
            after={"needed": str(action)},
        )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only the keys whose values differ, on both sides."""
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return {key: before.get(key) for key in keys}, {key: after.get(key) for key in keys}


def _storable(values: Mapping[str, Any] | None) -> Any:
    """JSON without secrets and without NUL, which PostgreSQL's jsonb refuses."""
    if values is None:
        return None
    return _plain(scrub(dict(values)))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_line(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return value.replace("\x00", "")
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def _line(text: str) -> str:
    """One line without control characters: names in the trail cannot forge further entries in a log or export."""
    return "".join(char if char.isprintable() else " " for char in text)
