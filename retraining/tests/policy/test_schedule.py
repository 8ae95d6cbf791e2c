"""Weekly slots across clock changes, against a clock that is watched minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from retraining.policy.schedule import Weekly, midnight, next_day

MINUTE = timedelta(minutes=1)


def watched(slot: Weekly, start: datetime, end: datetime) -> list[datetime]:
    """For each week, the first minute at which the wall clock shows the slot's time or later."""
    zone, found = ZoneInfo(slot.zone), []
    first = (start - timedelta(days=8)).date()
    days = [first + timedelta(days=n) for n in range((end - start).days + 18)]
    for wall in (datetime(d.year, d.month, d.day, slot.hour, slot.minute) for d in days if d.weekday() == slot.weekday):  # noqa: DTZ001
        moment = wall.replace(tzinfo=UTC) - timedelta(hours=40)
        while moment.astimezone(zone).replace(tzinfo=None) < wall:
            moment += MINUTE
        found.append(moment)
    return [one for one in found if start < one <= end]


CHANGES = [  # zone, around which day the clock changes, weekday of it
    ("Europe/Berlin", datetime(2026, 3, 29, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 10, 25, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 3, 8, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 5, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 4, tzinfo=UTC)),
    ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 4, 5, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 6, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("time", [(0, 0), (0, 30), (1, 30), (2, 0), (2, 15), (2, 30), (3, 0), (23, 30)])
def test_slots_are_where_a_watched_clock_has_them(zone: str, day: datetime, time: tuple[int, int]) -> None:
    for weekday in {day.weekday(), (day - timedelta(days=1)).weekday()}:
        slot = Weekly(weekday, *time, zone)
        start, end = day - timedelta(days=9), day + timedelta(days=9)
        assert list(slot.slots(start, end)) == watched(slot, start, end)


def local(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%a %d %H:%M %z")


def first_after(slot: Weekly, *date: int) -> str:
    return local(next(slot.slots(datetime(*date, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC))), slot.zone)


def test_the_rule_in_examples() -> None:
    assert first_after(Weekly(6, 2, 30, "Europe/Berlin"), 2026, 3, 28) == "Sun 29 03:00 +0200"  # does not exist
    assert first_after(Weekly(6, 2, 30, "Europe/Berlin"), 2026, 10, 24) == "Sun 25 02:30 +0200"  # comes twice
    assert first_after(Weekly(6, 2, 10, "Australia/Lord_Howe"), 2026, 10, 2) == "Sun 04 02:30 +1100"  # half an hour
    assert first_after(Weekly(4, 2, 0, "Pacific/Apia"), 2011, 12, 25) == "Sat 31 00:00 +1400"  # no such Friday
    assert first_after(Weekly(6, 0, 0, "America/Santiago"), 2026, 9, 5) == "Sun 06 01:00 -0300"  # no such midnight


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago"]
)
def test_every_week_has_one_slot(zone: str) -> None:
    slots = list(Weekly(0, 2, 0, zone).slots(datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)))
    weeks = [one.astimezone(ZoneInfo(zone)).isocalendar()[:2] for one in slots]
    assert len(set(weeks)) == len(weeks) == 1043
    assert {one.astimezone(ZoneInfo(zone)).strftime("%a %H:%M") for one in slots} == {"Mon 02:00"}


def test_missed_slots_are_caught_up_once() -> None:
    slot, now = Weekly(zone="Europe/Berlin"), datetime(2026, 5, 20, 9, tzinfo=UTC)
    due = slot.due(datetime(2026, 1, 1, tzinfo=UTC), now)
    assert due == datetime(2026, 5, 18, 0, 0, tzinfo=UTC)
    assert slot.due(due, now) is None
    assert slot.due(due, datetime(2026, 5, 24, 23, 59, tzinfo=UTC)) is None
    assert slot.due(due, datetime(2026, 5, 25, 0, 0, tzinfo=UTC)) == slot.following(now)
    assert slot.due(now, now - timedelta(days=1)) is None  # a clock set back


def test_the_next_day_begins_when_the_date_changes() -> None:
    for zone, now in (
        ("America/Santiago", datetime(2026, 9, 6, 2, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2011, 12, 30, 3, tzinfo=UTC)),
    ):
        today = now.astimezone(ZoneInfo(zone)).date()
        found = next_day(now, zone)
        assert found.astimezone(ZoneInfo(zone)).date() > today
        assert (found - MINUTE).astimezone(ZoneInfo(zone)).date() == today
        began = midnight(now, zone)
        assert began <= now < found
        assert (began - MINUTE).astimezone(ZoneInfo(zone)).date() < today
        assert midnight(found, zone) == found
