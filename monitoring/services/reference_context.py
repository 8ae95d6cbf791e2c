"""The active reference of a source's version as windows count by it; made once a process and reference."""

from __future__ import annotations

import uuid

from django.db import connection

from monitoring.models import Reference, Source
from monitoring.summaries import reference_profile
from monitoring.summaries.rows import ReferenceContext

MOST_REMEMBERED = 16
"""A context of 50,000 items takes some 10 MiB."""
_known: dict[tuple[str, uuid.UUID], ReferenceContext] = {}


def context_of(source: Source) -> ReferenceContext | None:
    """None where the version has no active reference, and of sources without a version. One query as a rule."""
    if source.version_id is None:
        return None
    rows = Reference.objects.filter(version_id=source.version_id, active=True)
    found = rows.values_list("pk", flat=True).first()
    return None if found is None else by_id(found)


def by_id(reference: uuid.UUID) -> ReferenceContext:
    """Of a reference that is there; its bins never change."""
    key = (str(connection.settings_dict["NAME"]), reference)
    if key not in _known:
        if len(_known) >= MOST_REMEMBERED:
            _known.clear()
        profile = Reference.objects.values_list("profile", flat=True).get(pk=reference)
        _known[key] = reference_profile.context(reference.hex, profile)
    return _known[key]
