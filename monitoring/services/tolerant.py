"""Writing a batch of which the database may refuse single rows: the others are written all the same."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import DataError, IntegrityError

from monitoring.services.log_rows import LoggedPrediction, Written, write_predictions

Refusals = list[tuple[int, str]]


def write_each(rows: Sequence[LoggedPrediction]) -> tuple[Written, Refusals]:
    """Write rows; those that cannot be stored are returned by their place with the reason.

    The batch is one transaction unless a row is refused; then it is halved until that row is found.
    """
    refused: Refusals = []
    return _write(rows, 0, refused), refused


def _write(rows: Sequence[LoggedPrediction], start: int, refused: Refusals) -> Written:
    try:
        return write_predictions(rows)
    except (DataError, IntegrityError, UnicodeError, ValueError, TypeError) as error:
        if len(rows) == 1:
            refused.append((start, str(error).strip()))
            return Written(0, 0)
    middle = len(rows) // 2
    one = _write(rows[:middle], start, refused)
    other = _write(rows[middle:], start + middle, refused)
    return Written(one.inserted + other.inserted, one.doubled + other.doubled)
