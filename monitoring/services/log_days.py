"""Which times the log takes: from the first day that is still kept to a little in the future."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils import timezone

CLOCK_SKEW = dt.timedelta(minutes=5)
"""By which a sender's clock may be ahead of ours."""


def utc_day(at: dt.datetime) -> dt.date:
    """The day of a time in UTC: the partition."""
    return at.astimezone(dt.UTC).date()


def first_kept_day(now: dt.datetime | None = None) -> dt.date:
    """Days before it are written out and leave the database."""
    return utc_day(now or timezone.now()) - dt.timedelta(days=settings.LOG_KEEP_DAYS)


def accepted_times(now: dt.datetime | None = None) -> tuple[dt.datetime, dt.datetime]:
    """The earliest and the latest time that a row may have, both included."""
    now = now or timezone.now()
    return dt.datetime.combine(first_kept_day(now), dt.time(), dt.UTC), now + CLOCK_SKEW
