"""Log lines of a run: the tail, what came after it, and a search."""

from __future__ import annotations

from collections.abc import Iterator

from experiments.models import Experiment, LogLine

TAIL = 300


def tail(experiment: Experiment, search: str = "") -> tuple[list[LogLine], bool]:
    """The newest 300 lines (that contain ``search``), oldest first, and whether older ones exist: one query."""
    rows = LogLine.objects.filter(experiment=experiment)
    if search:
        rows = rows.filter(message__icontains=search[:200])
    newest = list(rows.order_by("-id")[: TAIL + 1])
    return newest[:TAIL][::-1], len(newest) > TAIL


def after(experiment: Experiment, last: int) -> list[LogLine]:
    """Up to 300 lines written after line ``last``, oldest first: one query."""
    return list(LogLine.objects.filter(experiment=experiment, id__gt=last).order_by("id")[:TAIL])


def whole(experiment: Experiment) -> Iterator[str]:
    """Every line as text with its UTC time, without holding them all in memory."""
    for line in LogLine.objects.filter(experiment=experiment).order_by("id").iterator(chunk_size=2000):
        yield f"{line.at:%Y-%m-%dT%H:%M:%S.%fZ} [{line.attempt}] {line.level} {line.message}\n"
