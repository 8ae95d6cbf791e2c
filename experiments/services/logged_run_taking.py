"""Takes over single runs that others logged: compared with what is known, read where something changed, written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from django.db import InterfaceError, OperationalError

from experiments.models import LoggedRun, LoggedSource, TrackerRun
from experiments.services import logged_run_files, logged_run_rows
from experiments.services.logged_run_content import clean, content_of, fingerprint
from experiments.services.logged_run_history import read_history
from experiments.tracking.mlflow_tracker import EXPERIMENT_TAG
from experiments.tracking.protocol import RunGone, TrackerError, TrackerUnavailable
from experiments.tracking.reader import FoundRun, RunReader, Source
from mlopspro.accounts.models import Workspace

log = structlog.get_logger(__name__)

UNFINISHED = "!"
"""Ends the fingerprint of a run of which something could not be read; the next sweep tries again."""
FILE_TROUBLES = 3
"""After so many runs in a row whose files could not be listed or copied, a pass leaves files alone."""


@dataclass
class Report:
    """What one pass did. ``done``: nothing was left for another one; ``error``: why it ended early."""

    read: int = 0
    unchanged: int = 0
    deleted: int = 0
    failed: int = 0
    done: bool = False
    error: str = ""

    @property
    def work(self) -> int:
        """Runs that took time."""
        return self.read + self.deleted + self.failed

    def add(self, other: Report) -> None:
        """Counts another pass in; its ending is the ending of both."""
        self.read += other.read
        self.unchanged += other.unchanged
        self.deleted += other.deleted
        self.failed += other.failed
        self.done, self.error = other.done, other.error


@dataclass(frozen=True)
class _Known:
    fingerprint: str
    synced_at: dt.datetime | None


class Taker:
    """``report`` counts what became of the runs it was given."""

    def __init__(
        self,
        reader: RunReader,
        workspace: Workspace,
        sources: Mapping[str, Source],
        reread_before: dt.datetime | None = None,
    ) -> None:
        self.reader = reader
        self.workspace = workspace
        self.sources = sources
        self.reread_before = reread_before
        self.report = Report()
        self._file_troubles = 0

    def take(
        self, runs: Sequence[FoundRun], has_time: Callable[[], bool], *, sweeping: bool = False
    ) -> tuple[int, bool]:
        """(number of runs dealt with, whether one of them is new here). Reads one at least, then while there is time;
        those that need no reading cost nothing. Raises TrackerUnavailable; trouble with one run is noted and does not
        stop the others."""
        known, ours = self._known(runs)
        any_new, before = False, self.report.work
        for place, run in enumerate(runs):
            if self.report.work > before and not has_time():
                return place, any_new
            if EXPERIMENT_TAG in run.tags or run.external_id in ours or run.source_id not in self.sources:
                continue
            any_new |= run.external_id not in known and not run.deleted
            try:
                self._take_one(run, known.get(run.external_id), sweeping)
            except (TrackerUnavailable, OperationalError, InterfaceError):
                raise
            except RunGone:
                continue  # purged since it was found
            except TrackerError as error:
                self.note_failure(run.source_id, run.external_id, str(error))
            except Exception:
                log.exception("logged run not read", run=run.external_id)
                self.note_failure(run.source_id, run.external_id, "an unexpected error, which is in the worker's log")
        return len(runs), any_new

    def note_failure(self, source_id: str, external_id: str, reason: str) -> None:
        self.report.failed += 1
        reason = f"The run {external_id} could not be read: {reason}."
        LoggedSource.objects.filter(tracker=self.reader.key, external_id=source_id).update(last_error=reason)

    def _known(self, runs: Sequence[FoundRun]) -> tuple[dict[str, _Known], set[str]]:
        """What is here of these runs already, and which of them are mirrors of ours (also with their tag removed)."""
        ids = [run.external_id for run in runs]
        rows = LoggedRun.objects.filter(tracker=self.reader.key, external_id__in=ids)
        told = rows.values_list("external_id", "fingerprint", "synced_at")
        known = {external_id: _Known(print_, at) for external_id, print_, at in told}
        mirrors = TrackerRun.objects.filter(tracker=self.reader.key, external_id__in=ids)
        return known, set(mirrors.values_list("external_id", flat=True))

    def _take_one(self, run: FoundRun, known: _Known | None, sweeping: bool) -> None:
        source = self.sources[run.source_id]
        print_ = fingerprint(run, source)
        if run.deleted or source.deleted:
            if known is not None and known.fingerprint != print_:
                logged_run_rows.mark_deleted(run.external_id, print_)
                self.report.deleted += 1
        elif known is None or self._is_due(known, print_, sweeping):
            self._read(run, source, print_)
            self.report.read += 1
        else:
            self.report.unchanged += 1

    def _is_due(self, known: _Known, print_: str, sweeping: bool) -> bool:
        if self.reread_before and (known.synced_at is None or known.synced_at < self.reread_before):
            return True
        return known.fingerprint != print_ and (sweeping or known.fingerprint != print_ + UNFINISHED)

    def _read(self, run: FoundRun, source: Source, print_: str) -> None:
        content = content_of(run)
        history = read_history(self.reader, run)
        listing = self._listing(run)
        here = LoggedRun.objects.filter(tracker=self.reader.key, external_id=run.external_id).first()
        files = logged_run_files.entries(listing.files, here.files if here else [])
        remarks = [*content.remarks, *history.remarks, listing.remark]
        about = {
            "external_experiment": clean(source.name)[:500],
            "url": self.reader.url(run.source_id, run.external_id)[:500],
            "files": files,
            "remark": " ".join(filter(None, remarks)),
            # Whole only when the files are here too: a pass that is killed before that is taken up again.
            "fingerprint": print_ + UNFINISHED,
        }
        experiment, logged = logged_run_rows.write(self.workspace, run, content, history.steps, about)
        if content.is_terminal and logged_run_files.wanted(logged) and self._tries_files():
            trouble = logged_run_files.copy(self.reader, experiment, logged)
            self._note_files(bool(trouble))
            logged.remark = f"{logged.remark} {trouble}".strip()
        if listing.complete and history.complete and not (content.is_terminal and logged_run_files.wanted(logged)):
            logged.fingerprint = print_
        logged.save(update_fields=["files", "remark", "fingerprint"])

    def _listing(self, run: FoundRun) -> logged_run_files.Listing:
        if not self._tries_files():
            return logged_run_files.Listing(remark="Its files are listed at a later reading.", complete=False)
        found = logged_run_files.listed(self.reader, run.external_id)
        self._note_files(not found.complete)
        return found

    def _tries_files(self) -> bool:
        return self._file_troubles < FILE_TROUBLES

    def _note_files(self, trouble: bool) -> None:
        self._file_troubles = self._file_troubles + 1 if trouble else 0
