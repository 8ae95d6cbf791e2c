"""Places in lists that are ordered by time and id, as ``next_cursor`` has them."""

from __future__ import annotations

import datetime as dt
import uuid

from experiments.services.spec import Problem, Refused


def write_cursor(at: dt.datetime, pk: uuid.UUID) -> str:
    return f"{at.astimezone(dt.UTC).isoformat().replace('+00:00', 'Z')}~{pk}"


def read_cursor(text: str) -> tuple[dt.datetime, uuid.UUID]:
    """Raises Refused where the text is none of ours."""
    try:
        at, pk = text.split("~")
        moment, last = dt.datetime.fromisoformat(at), uuid.UUID(pk)
        if moment.tzinfo is None or not dt.date(2000, 1, 1) <= moment.date() <= dt.date(9000, 1, 1):
            raise ValueError(at)
    except ValueError:
        raise Refused([Problem("cursor", f"{text[:60]!r} is none of ours; accepted: next_cursor of a page")]) from None
    return moment, last
