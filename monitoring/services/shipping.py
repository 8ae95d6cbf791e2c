"""From the spool into PostgreSQL: reads segments, writes batches, removes segments that are done.

Nothing is lost by a kill at any point: a segment is removed only when every line of it is committed, and lines that
are read again are rows that are known. Nothing holds the others up: a line that cannot be read or stored is put into
``refused/`` beside the spool and counted. While the database is away it waits and goes on.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog
from django.db import DatabaseError, InterfaceError, connection

from monitoring.models import LogLoss, Source
from monitoring.services import losses, segments
from monitoring.services.log_days import accepted_times
from monitoring.services.log_rows import LoggedPrediction, Written
from monitoring.services.tolerant import write_each

BATCH_ROWS = 2_000
READ_BYTES = 2 * 1024 * 1024
PAUSE_SECONDS = 0.2
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 5.0
_decode = msgspec.json.Decoder(LoggedPrediction).decode
_Lines = list[tuple[bytes, LoggedPrediction]]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shipped:
    """What one pass did. ``doubled`` are lines whose rows were there already: read again after a kill."""

    rows: int = 0
    doubled: int = 0
    segments_done: int = 0
    refused: int = 0

    def __add__(self, other: Shipped) -> Shipped:
        return Shipped(
            self.rows + other.rows,
            self.doubled + other.doubled,
            self.segments_done + other.segments_done,
            self.refused + other.refused,
        )


@dataclass(slots=True)
class _Reading:
    """What a stretch of a segment holds: entries with their lines, lines that are refused with the reason."""

    entries: _Lines = field(default_factory=list)
    refused: list[tuple[bytes, str]] = field(default_factory=list)


def ship_once(folder: Path, stopping: Callable[[], bool] = lambda: False) -> Shipped:
    """Ship all that lies in the spool now. Raises DatabaseError where the database does not answer; what was
    committed until then stays noted."""
    total = Shipped()
    for segment in segments.all_of(folder):
        if stopping():
            break
        total += _ship(segment, folder, stopping)
    return total


def run(stop: threading.Event, folder: Path) -> None:
    """Ship until ``stop`` is set. An entry is in the database well within two seconds of its answer."""
    wait = FIRST_WAIT_SECONDS
    while not stop.is_set():
        try:
            shipped = ship_once(folder, stop.is_set)
        except (DatabaseError, InterfaceError, OSError) as error:
            log.warning("cannot ship now, trying again", seconds=round(wait, 1), error=str(error).strip()[:200])
            with suppress(DatabaseError, InterfaceError):
                connection.close()
            stop.wait(wait * random.uniform(0.8, 1.2))  # noqa: S311  so that shippers of many machines do not march
            wait = min(wait * 2, LONGEST_WAIT_SECONDS)
            continue
        wait = FIRST_WAIT_SECONDS
        if shipped.rows or shipped.refused:
            log.info("shipped", rows=shipped.rows, doubled=shipped.doubled, refused=shipped.refused)
        else:
            stop.wait(PAUSE_SECONDS)


def _ship(segment: segments.Segment, folder: Path, stopping: Callable[[], bool]) -> Shipped:
    total = Shipped()
    while segment.pending and not stopping():
        part = segment.read(READ_BYTES)
        whole = part[: part.rfind(b"\n") + 1]
        if not whole:
            if len(part) < READ_BYTES:
                break  # half a line: it may still be written
            whole = part  # a line without end is none of ours
        total += _ship_lines(whole.removesuffix(b"\n").split(b"\n"), segment.path, folder)
        segment = segments.Segment(segment.path, segment.size, segment.shipped + len(whole))
        _note(folder, segment)
    return total + _finish(segment, folder)


def _ship_lines(lines: Sequence[bytes], path: Path, folder: Path) -> Shipped:
    reading = _read(lines)
    written = Written(0, 0)
    for start in range(0, len(reading.entries), BATCH_ROWS):
        batch = reading.entries[start : start + BATCH_ROWS]
        part, refused = write_each([entry for _, entry in batch])
        written = Written(written.inserted + part.inserted, written.doubled + part.doubled)
        reading.refused += [(batch[index][0], reason) for index, reason in refused]
    _refuse(reading.refused, path, folder)
    return Shipped(rows=written.inserted, doubled=written.doubled, refused=len(reading.refused))


def _read(lines: Sequence[bytes]) -> _Reading:
    reading = _Reading()
    first, last = accepted_times()
    for line in lines:
        try:
            entry = _decode(line)
            late = not first <= entry.at <= last
        except (msgspec.MsgspecError, UnicodeError, TypeError) as error:
            reading.refused.append((line, str(error)))
            continue
        if late:
            reading.refused.append((line, f"at {entry.at} is not between {first} and {last}"))
        else:
            reading.entries.append((line, entry))
    wanted = {entry.source_id for _, entry in reading.entries}
    unknown = wanted - set(Source.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if unknown:
        reading.refused += [(line, "unknown source") for line, entry in reading.entries if entry.source_id in unknown]
        reading.entries = [pair for pair in reading.entries if pair[1].source_id not in unknown]
    return reading


def _finish(segment: segments.Segment, folder: Path) -> Shipped:
    """Remove a segment that nobody writes any more and that is shipped to its end."""
    with segments.Unused(segment.path) as unused:
        if unused is None:
            return Shipped()
        left = unused.size() - segment.shipped
        if left > 0:
            rest = segments.Segment(segment.path, unused.size(), segment.shipped).read(READ_BYTES)
            if b"\n" in rest:
                return Shipped()  # written since: the next pass takes it
            _refuse([(rest, "half an entry at the end of a segment")], segment.path, folder)
        unused.remove()
    _note(folder, segment, done=True)
    return Shipped(segments_done=1, refused=int(left > 0))


def _note(folder: Path, segment: segments.Segment, *, done: bool = False) -> None:
    shipped = segments.read_shipped(folder)
    if done:
        shipped.pop(segment.path.name, None)
    else:
        shipped[segment.path.name] = segment.shipped
    segments.remember_shipped(folder, shipped)


def _refuse(lines: Sequence[tuple[bytes, str]], path: Path, folder: Path) -> None:
    """Keep what cannot be stored where a person can look at it, and count it."""
    if not lines:
        return
    place = folder.parent / "refused"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (place / path.name).open("ab") as file:
        file.writelines(line + b"\n" for line, _ in lines)
    reason = lines[-1][1]
    log.error("entries refused", number=len(lines), reason=reason, file=path.name)
    losses.count(LogLoss.Reason.LOST_ENTRY, len(lines), detail=f"{reason} ({path.name} in prediction-log/refused)")
