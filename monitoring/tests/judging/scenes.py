"""Traffic with feedback at moments of a test's choosing, written as the product writes it."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from monitoring.services import windows
from monitoring.services.window_writes import floor
from monitoring.tests.windows_scene import put, row

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
ITEMS = [f"i{place}" for place in range(10)]


def today() -> dt.datetime:
    """The beginning of the hour in which it is."""
    return floor(timezone.now(), 3600)


def lists(source, start, n, place=0, history=5, every=None, **fields):
    """``n`` judged lists of ten within the hour from ``start``; the clicked item stands at ``place`` (0 is first)."""
    step = dt.timedelta(seconds=3500 / max(n, 1))
    click = {"kind": "click", "item": ITEMS[place], "value": 1.0}
    rows = [
        row(
            start + at * step,
            user=f"u{at}",
            history=history,
            items=ITEMS,
            feedback=[click] if every is None or at % every == 0 else [],
            **fields,
        )
        for at in range(n)
    ]
    return put(source, rows)


def answers(source, start, n, right, label="1", confidence=0.8):
    """``n`` answers of a classifier, the first ``right`` of them true."""
    other = "0" if label == "1" else "1"
    rows = [
        row(start + dt.timedelta(seconds=at), items=None, label=label, confidence=confidence,
            feedback=[{"kind": "label", "label": label if at < right else other}])
        for at in range(n)
    ]  # fmt: skip
    return put(source, rows)


def numbers(source, start, n, error):
    """``n`` numbers, each off by ``error``."""
    rows = [
        row(
            start + dt.timedelta(seconds=at),
            items=None,
            value=100 + error,
            feedback=[{"kind": "value", "value": 100.0}],
        )
        for at in range(n)
    ]
    return put(source, rows)


def count():
    windows.refresh(120, busy_pause=0)
