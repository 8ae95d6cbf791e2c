"""The weeks that insights look back over. Weeks begin on Monday 00:00 UTC; the last one is still going on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

CHOICES = {4: "4 weeks", 12: "12 weeks", 26: "26 weeks", 52: "A year"}
USUAL = 12
MOST = 104
WEEK = dt.timedelta(weeks=1)


class BadSpan(ValueError):
    """No number of weeks; the text says what is accepted."""


@dataclass(frozen=True)
class Span:
    """``weeks`` of them, from the Monday ``start`` until ``now``, in the week that ends at ``end``."""

    weeks: int
    now: dt.datetime

    @property
    def end(self) -> dt.datetime:
        return monday_of(self.now) + WEEK

    @property
    def start(self) -> dt.datetime:
        return self.end - self.weeks * WEEK

    @property
    def mondays(self) -> list[dt.datetime]:
        return [self.start + at * WEEK for at in range(self.weeks)]

    @property
    def months(self) -> list[dt.date]:
        """The first day of each month that the weeks touch."""
        found = sorted({(day.year, day.month) for day in (self.start.date(), self.now.date(), *self._days)})
        return [dt.date(year, month, 1) for year, month in found]

    @property
    def elapsed(self) -> float:
        """In weeks."""
        return (self.now - self.start) / WEEK

    @property
    def before(self) -> dt.datetime:
        """Where as many weeks before these begin: what trends are held against."""
        return self.start - self.weeks * WEEK

    @property
    def label(self) -> str:
        return CHOICES.get(self.weeks, f"{self.weeks} weeks")

    @property
    def _days(self) -> list[dt.date]:
        return [monday.date() for monday in self.mondays]

    def has(self, at: dt.datetime) -> bool:
        return self.start <= at < self.end

    def was_before(self, at: dt.datetime) -> bool:
        """In the weeks before these, as many of them."""
        return self.before <= at < self.start


def span_of(given: str | int | None, now: dt.datetime) -> Span:
    """From what an address or a command says; none is twelve weeks. Raises BadSpan."""
    if given in (None, ""):
        return Span(USUAL, now)
    try:
        weeks = int(str(given))
    except ValueError:
        weeks = 0
    if not 1 <= weeks <= MOST:
        raise BadSpan(f"weeks is {str(given)[:20]!r}; a whole number from 1 to {MOST} is accepted.")
    return Span(weeks, now)


def monday_of(at: dt.datetime) -> dt.datetime:
    utc = at.astimezone(dt.UTC)
    return dt.datetime.combine(utc.date() - dt.timedelta(days=utc.weekday()), dt.time(), dt.UTC)


def week_name(monday: dt.datetime) -> str:
    """As charts and tables call a week: its Monday."""
    return f"{monday:%Y-%m-%d}"


def median(values: Sequence[float]) -> float | None:
    """The middle one, or the mean of the two in the middle; None of none."""
    known = sorted(values)
    if not known:
        return None
    half = len(known) // 2
    return known[half] if len(known) % 2 else (known[half - 1] + known[half]) / 2
