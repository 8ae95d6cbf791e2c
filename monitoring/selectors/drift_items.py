"""What was shown most of late against before: top items side by side, with the change of their shares (F166)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from experiments.models import Dataset
from monitoring.models import Reference, Source
from monitoring.selectors.titles import titles_of
from monitoring.selectors.windows import DAY, BadPeriod, Period, Totals, period, total
from monitoring.services.window_writes import floor

TOP = 10
_MEASURES = ("counts", "top_items")


@dataclass(frozen=True)
class ItemShare:
    """Shares of all places in lists (of all answers, for classifiers). ``about``: a sketch's, so within 0.34 %."""

    item: str
    title: str
    now: float
    before: float
    about: bool

    @property
    def change(self) -> float:
        return self.now - self.before

    @property
    def points(self) -> str:
        """The change in percentage points, with a sign."""
        points = round(100 * self.change, 1)
        return "0.0" if points == 0 else f"{'+' if points > 0 else '−'}{abs(points):.1f}"


@dataclass(frozen=True)
class TopItems:
    """The most shown of either stretch, in the order of now. ``shown`` are the places counted in each."""

    now: Period
    before: Period
    is_pinned: bool
    """Whether before is the stretch that the reference was pinned from; else the one just before now."""
    shown_now: int
    shown_before: int
    rows: tuple[ItemShare, ...]

    @property
    def moved(self) -> float | None:
        """Half the sum of the changes of the rows: at least this share of places went to other items."""
        return sum(abs(one.change) for one in self.rows) / 2 if self.shown_now and self.shown_before else None


def top_items(sources: Sequence[Source], now: Period, reference: Reference | None = None) -> TopItems | None:
    """Two queries. None where nothing was shown now, or the answers are numbers."""
    before, is_pinned = _before(now, reference)
    late = total(sources, now, _MEASURES)
    if not late.shown_items:
        return None
    early = total(sources, before, _MEASURES)
    datasets = [one.version.dataset for one in sources if one.version is not None]
    return TopItems(now, before, is_pinned, late.shown_items, early.shown_items, _rows(late, early, datasets))


def stretch(start: dt.datetime, end: dt.datetime) -> Period:
    """The period of a check, in windows of the length that are still kept of that time."""
    try:
        return period(start=start, end=end)
    except BadPeriod:  # longer than a page may show, or not begun by this clock
        return Period("", floor(start, DAY), floor(end, DAY) + dt.timedelta(days=1), DAY)


def _before(now: Period, reference: Reference | None) -> tuple[Period, bool]:
    if reference is not None and reference.start and reference.end:
        return stretch(reference.start, reference.end), True
    return Period("", now.start - (now.end - now.start), now.start, now.level), False


def _rows(late: Totals, early: Totals, datasets: Iterable[Dataset]) -> tuple[ItemShare, ...]:
    counts = [{one.word: one for one in totals.top_items(TOP * 40)} for totals in (late, early)]
    sizes = max(1, late.shown_items), max(1, early.shown_items)
    leading = [one.word for totals in (late, early) for one in totals.top_items(TOP)]
    titles = titles_of(datasets, leading)
    found = []
    for item in dict.fromkeys(leading):
        both = [known.get(item) for known in counts]
        now, before = (one.count / size if one else 0.0 for one, size in zip(both, sizes, strict=True))
        about = any(one is not None and not one.is_exact for one in both)
        found.append(ItemShare(item, titles.get(item, ""), now, before, about))
    most = sorted(found, key=lambda one: (-max(one.now, one.before), one.item))[:TOP]
    return tuple(sorted(most, key=lambda one: (-one.now, one.item)))
