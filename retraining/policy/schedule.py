"""A weekly slot on the clock of a time zone, right when that clock is changed.

The slot is the first moment at which the clock on the wall shows its time or a later one. So a time that does not
exist is the moment the clock jumps over it (02:00 or 02:30 on the night that goes from 02:00 to 03:00: 03:00; a whole
day that is skipped: the day after begins), and a time that comes twice is its first coming. Every week has one slot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from retraining.records import between, utc

WEEK = timedelta(days=7)
LONGEST_SHIFT = timedelta(days=2)
"""No clock was ever moved by more than a day."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Weekly:
    """``weekday`` 0 is Monday; ``zone`` is an IANA name such as Europe/Berlin."""

    weekday: int = 0
    hour: int = 2
    minute: int = 0
    zone: str = "UTC"

    def __post_init__(self) -> None:
        between("schedule.weekday", self.weekday, 0, 6)
        between("schedule.hour", self.hour, 0, 23)
        between("schedule.minute", self.minute, 0, 59)
        zone_of(self.zone)

    def __str__(self) -> str:
        return f"{WEEKDAYS[self.weekday]} {self.hour:02d}:{self.minute:02d} {self.zone}"

    def slots(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Slots after ``after`` up to and with ``until``, the earliest first, in UTC."""
        zone = zone_of(self.zone)
        first, last = utc(after, "after"), utc(until, "until")
        day = (first - LONGEST_SHIFT).date()
        day += timedelta(days=(self.weekday - day.weekday()) % 7)
        while (found := instant(datetime.combine(day, time(self.hour, self.minute)), zone)) <= last:
            if found > first:
                yield found
            day += WEEK

    def due(self, last_run: datetime, now: datetime) -> datetime | None:
        """The newest slot since ``last_run``: however many were missed, they are caught up once. None: none is due."""
        since = max(utc(last_run, "last_run"), utc(now, "now") - WEEK - LONGEST_SHIFT)
        return max(self.slots(since, now), default=None)

    def following(self, now: datetime) -> datetime:
        """The next slot after ``now``."""
        return next(self.slots(now, utc(now, "now") + WEEK + LONGEST_SHIFT))


def zone_of(name: str) -> ZoneInfo:
    """Refused where there is no such zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"zone: an IANA time zone such as Europe/Berlin is accepted, got {name!r}.") from None


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment, in UTC, at which a clock in ``zone`` shows ``wall`` (without a zone) or later."""
    before = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if before.astimezone(zone).replace(tzinfo=None) == wall:
        return before
    # The time is jumped over. Counted by the clock after the jump it lies before it, and the other way round (PEP 495).
    low, high = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), before
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            high = middle
        else:
            low = middle
    return high.replace(microsecond=0)


def day_of(now: datetime, zone: str) -> date:
    """The date on the wall."""
    return utc(now, "now").astimezone(zone_of(zone)).date()


def midnight(now: datetime, zone: str) -> datetime:
    """When the date on the wall began, in UTC."""
    return instant(datetime.combine(day_of(now, zone), time()), zone_of(zone))


def next_day(now: datetime, zone: str) -> datetime:
    """When the date on the wall changes next, in UTC."""
    midnight = datetime.combine(day_of(now, zone) + timedelta(days=1), time())
    return instant(midnight, zone_of(zone))
