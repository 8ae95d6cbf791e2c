"""Circuit breakers of the trackers, as rows that all workers share: while one is open, nobody waits for its tracker."""

from __future__ import annotations

import datetime as dt

from django.db.models import F
from django.utils import timezone

from experiments.models import TrackerHealth

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0
PROBE_SECONDS = 30.0
"""How long the one worker that tries a tracker again has before another may."""
NEWS_SECONDS = 30.0
"""A tracker that keeps working is noted this often and not at every delivery."""


def pause_after(failures: int) -> dt.timedelta:
    """5 s after the first failure, twice as long after each further one, 5 min at most."""
    return dt.timedelta(seconds=min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(max(failures, 1) - 1, 16)))


def allows(tracker: str) -> bool:
    """Whether to try now. While the tracker is known to be away, one caller at a time is let through as a probe."""
    health, _ = TrackerHealth.objects.get_or_create(tracker=tracker)
    if health.failures == 0:
        return True
    now = timezone.now()
    if health.open_until is not None and health.open_until > now:
        return False
    same = TrackerHealth.objects.filter(pk=health.pk, open_until=health.open_until, failures=health.failures)
    return same.update(open_until=now + dt.timedelta(seconds=PROBE_SECONDS)) == 1


def succeeded(tracker: str) -> None:
    """Closes the breaker."""
    now = timezone.now()
    stale = now - dt.timedelta(seconds=NEWS_SECONDS)
    health = TrackerHealth.objects.filter(tracker=tracker)
    health.exclude(failures=0, last_ok_at__gte=stale).update(failures=0, open_until=None, last_error="", last_ok_at=now)


def failed(tracker: str, reason: str) -> None:
    """Opens the breaker, for longer after each failure in a row."""
    health, _ = TrackerHealth.objects.get_or_create(tracker=tracker)
    until = timezone.now() + pause_after(health.failures + 1)
    TrackerHealth.objects.filter(pk=health.pk).update(
        failures=F("failures") + 1, open_until=until, last_error=reason[:1000]
    )


def try_now(tracker: str) -> None:
    """Ends the pause: the next delivery tries again, whatever happened before."""
    TrackerHealth.objects.filter(tracker=tracker).update(open_until=None)
