"""Reads the runs that others logged straight to MLflow into the history (decision D8), a bounded piece at a time.

One pass looks at three things while its time lasts: runs that were going on when last seen, the newest runs, and a
sweep over all of them in order of their start, which finds what was changed, renamed, deleted or restored later. Where
a sweep stands is kept in LoggedSource, so the next pass goes on from there. A run whose search result is what it was
(LoggedRun.fingerprint) is not read again, so a pass over unchanged runs writes none of their rows.

One worker at a time (an advisory lock that dies with its connection); each run is one transaction.
"""

from __future__ import annotations

import datetime as dt
import time
from fnmatch import fnmatchcase

import structlog
from django.conf import settings
from django.utils import timezone

from experiments.models import LoggedRun, LoggedSource
from experiments.services import breaker, locks, logged_run_rows
from experiments.services.logged_run_content import clean, moment
from experiments.services.logged_run_taking import Report, Taker
from experiments.services.trackers import run_reader
from experiments.tracking.protocol import RunGone, TrackerError, TrackerUnavailable
from experiments.tracking.reader import FoundRun, RunReader, Source
from mlopspro.accounts.models import Workspace

log = structlog.get_logger(__name__)

GOING_ON_PER_PASS = 100
LONGEST_ID = 100
BUSY = "Another worker is reading them now."
AWAY = "MLflow did not answer lately; it is tried again by itself."
NO_SERVER = "Runs are read from an MLflow server; MLFLOW_TRACKING_URI names none."


def sync(seconds: float, *, reread_before: dt.datetime | None = None, using: RunReader | None = None) -> Report:
    """One pass of at most about ``seconds``. Safe to run anywhere, at any time, at once.

    ``reread_before``: runs last read before then are read again even where they seem unchanged. ``using`` gives
    another reader than that of the settings.
    """
    reader = using or run_reader()
    if not reader.is_available:
        return Report(error=NO_SERVER)
    workspace = Workspace.objects.filter(slug=settings.LOGGED_RUNS_WORKSPACE).first()
    if workspace is None:
        return Report(error=f"There is no workspace {settings.LOGGED_RUNS_WORKSPACE!r} to put the runs into.")
    with locks.held(locks.LOGGED_RUNS, 0) as got:
        if not got:
            return Report(error=BUSY)
        if not breaker.allows(reader.key):
            return Report(error=AWAY)
        return _Pass(reader, workspace, time.monotonic() + seconds, reread_before).run()


def begin_sweep() -> None:
    """Has the next passes look at every run again, from the first."""
    LoggedSource.objects.update(checked_at=None, newest_start=None)


class _Pass:
    def __init__(
        self, reader: RunReader, workspace: Workspace, deadline: float, reread_before: dt.datetime | None
    ) -> None:
        self.reader = reader
        self.deadline = deadline
        self.sources: dict[str, Source] = {}
        self.taker = Taker(reader, workspace, self.sources, reread_before)

    def run(self) -> Report:
        report = self.taker.report
        try:
            self._look()
        except TrackerError as error:
            report.error = str(error)
            LoggedSource.objects.filter(tracker=self.reader.key).exclude(last_error=report.error).update(
                last_error=report.error
            )
            breaker.failed(self.reader.key, report.error)
            log.warning("runs not read, tracker unavailable", tracker=self.reader.key, reason=report.error)
        else:
            breaker.succeeded(self.reader.key)
        return report

    def _look(self) -> None:
        self.sources |= {source.external_id: source for source in self.reader.sources() if _is_read(source)}
        rows = self._source_rows()
        self._look_at_going_on()
        self._look_at_newest()
        # At least one run of a sweep in every pass, however short: so the sweeps end some day.
        for place, row in enumerate(rows):
            if (place and not self._has_time()) or not self._sweep(row):
                return
        self.taker.report.done = True

    def _has_time(self) -> bool:
        return time.monotonic() < self.deadline

    def _source_rows(self) -> list[LoggedSource]:
        """A row for each experiment there is, under its present name; those that wait longest for a sweep first."""
        known = {row.external_id: row for row in LoggedSource.objects.filter(tracker=self.reader.key)}
        for source in self.sources.values():
            name = clean(source.name)[:500]
            row = known.get(source.external_id)
            if row is None:
                row = LoggedSource.objects.create(
                    tracker=self.reader.key, external_id=source.external_id[:100], name=name
                )
                known[source.external_id] = row
            elif row.name != name:
                row.name = name
                row.save(update_fields=["name"])
        never = dt.datetime.min.replace(tzinfo=dt.UTC)
        return sorted((known[key] for key in self.sources), key=lambda row: (row.checked_at or never, row.pk))

    def _look_at_going_on(self) -> None:
        """Asks for the runs that were not over when they were last read, the longest ago first."""
        rows = LoggedRun.objects.filter(tracker=self.reader.key, external_status__in=["RUNNING", "SCHEDULED"])
        for external_id in list(rows.order_by("synced_at").values_list("external_id", flat=True)[:GOING_ON_PER_PASS]):
            if not self._has_time():
                return
            try:
                self.taker.take([self.reader.run(external_id)], self._has_time)
            except RunGone:
                logged_run_rows.mark_gone(external_id)
            except TrackerUnavailable:
                raise
            except TrackerError as error:
                self.taker.note_failure("", external_id, str(error))

    def _look_at_newest(self) -> None:
        """Pages from the newest run on, until one holds no run that is new here."""
        page, more = "", bool(self.sources)
        while more and self._has_time():
            found = self.reader.runs(list(self.sources), newest_first=True, page=page)
            _, any_new = self.taker.take(found.runs, self._has_time)
            page = found.next_page
            more = any_new and bool(page)

    def _sweep(self, row: LoggedSource) -> bool:
        """Goes on with this experiment's sweep, or begins one that is due; whether none is left to do."""
        if row.checked_at is not None:
            if timezone.now() - row.checked_at < dt.timedelta(seconds=settings.LOGGED_RUNS_SWEEP_SECONDS):
                return True
            row.checked_at = row.newest_start = None
        failed_before, began_at = self.taker.report.failed, row.newest_start
        since = round(began_at.timestamp() * 1000) if began_at else None
        page = ""
        while True:
            found = self.reader.runs([row.external_id], newest_first=False, started_from=since, page=page)
            left, page = found.runs, found.next_page
            while True:
                handled, _ = self.taker.take(left, self._has_time, sweeping=True)
                over = handled == len(left) and not page
                self._keep_place(row, left[:handled], over, failed_before)
                left = left[handled:]
                # Where many runs started in one moment, the next pass could not tell where this one left them.
                if over or (row.newest_start != began_at and not self._has_time()):
                    return over
                if not left:
                    break

    def _keep_place(self, row: LoggedSource, handled: tuple[FoundRun, ...], over: bool, failed_before: int) -> None:
        """Where the sweep stands: the start of the last run looked at, and when it was over if it is."""
        starts = [start for run in handled if (start := moment(run.started_at))]
        row.newest_start = starts[-1] if starts else row.newest_start
        changed = ["newest_start", "checked_at"]
        if over:
            row.checked_at = timezone.now()
            row.runs_found = LoggedRun.objects.filter(tracker=self.reader.key, external_experiment=row.name).count()
            changed.append("runs_found")
            if self.taker.report.failed == failed_before:
                row.last_error = ""
                changed.append("last_error")
        row.save(update_fields=changed)


def _is_read(source: Source) -> bool:
    wanted = any(fnmatchcase(source.name, pattern) for pattern in settings.LOGGED_RUNS_EXPERIMENTS)
    return wanted and 0 < len(source.external_id) <= LONGEST_ID
