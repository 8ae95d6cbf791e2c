"""Takes the outbox to the trackers: in order, each entry once in effect, however long a tracker was away.

One worker at a time delivers a run (an advisory lock that dies with its connection). A batch goes out between
transactions and is marked after it; a crash in between delivers it again, which trackers are required to take as
once (``experiments.tracking.protocol``). A tracker that does not answer opens its breaker and costs one short
time-out; a run that cannot be delivered is put off by itself and holds up no other.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Mapping

import structlog
from django.db import Error as DatabaseProblem
from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.utils import timezone

from experiments.models import OutboxEntry, TrackerRun
from experiments.models.job import TERMINAL
from experiments.models.tracking import MirrorState
from experiments.services import breaker, locks, outbox
from experiments.services.trackers import trackers
from experiments.tracking.messages import from_payload
from experiments.tracking.protocol import (
    Batch,
    DeliveryResult,
    Envelope,
    MessageRefused,
    RunGone,
    RunRef,
    Tracker,
    TrackerError,
    TrackerUnavailable,
)

log = structlog.get_logger(__name__)

BATCH_SIZE = 500
RUNS_PER_PASS = 200
KEEP_DELIVERED = dt.timedelta(days=7)
PRUNE_EVERY_SECONDS = 600.0

_Act = Callable[[TrackerRun], int]
_prepared: set[str] = set()
_last_pruned = float("-inf")


def deliver_waiting(
    seconds: float, *, experiment: uuid.UUID | None = None, using: Mapping[str, Tracker] | None = None
) -> int:
    """Delivers what waits, for at most about ``seconds``; returns the number of entries dealt with.

    Safe to run anywhere, at any time, at once. ``experiment`` limits it to one run; ``using`` gives other trackers
    than those of the settings.
    """
    deadline = time.monotonic() + seconds
    chosen = list((trackers() if using is None else using).values())
    total = 0
    while True:
        progress = 0
        for place, tracker in enumerate(chosen):
            # Each gets its share of what is left, so that a long backlog of one does not starve the others.
            share = max(0.0, deadline - time.monotonic()) / (len(chosen) - place)
            progress += _Pass(tracker, time.monotonic() + share, experiment).run()
        total += progress
        if progress == 0 or time.monotonic() >= deadline:
            break
    prune_now_and_then()
    return total


def retry_now(run: TrackerRun) -> None:
    """Has this run tried at the next delivery, whatever pauses were due."""
    TrackerRun.objects.filter(pk=run.pk).update(retry_at=None)
    breaker.try_now(run.tracker)


def prune(older_than: dt.timedelta = KEEP_DELIVERED) -> int:
    """Deletes delivered entries of ended runs; ``outbox.rebuild`` can make them again from the run's own rows."""
    old = OutboxEntry.objects.filter(
        delivered_at__lt=timezone.now() - older_than, tracker_run__experiment__status__in=list(TERMINAL)
    )
    return old.delete()[0]


def prune_now_and_then() -> None:
    global _last_pruned
    if time.monotonic() - _last_pruned >= PRUNE_EVERY_SECONDS:
        _last_pruned = time.monotonic()
        prune()


class _Pass:
    """One round over the runs that have something for one tracker; one batch a run, the longest waiting first."""

    def __init__(self, tracker: Tracker, deadline: float, experiment: uuid.UUID | None) -> None:
        self.tracker = tracker
        self.deadline = deadline
        self.experiment = experiment

    def run(self) -> int:
        """The number of entries dealt with (and of offline copies sent on)."""
        if not self.tracker.is_available:
            return 0
        try:
            return self._deliver_runs() + self._upload_runs()
        except TrackerError as error:
            if not self.tracker.local:
                # It is met anew when it is back, also if nothing waits then: so its state mends by itself.
                _prepared.discard(self.tracker.key)
            breaker.failed(self.tracker.key, str(error))
            log.warning("tracker unavailable", tracker=self.tracker.key, reason=str(error))
            return 0

    def _deliver_runs(self) -> int:
        waiting = self._waiting_runs()
        if not waiting and self.tracker.key in _prepared:
            return 0
        if not self.tracker.local and not breaker.allows(self.tracker.key):
            return 0
        self._prepare()
        return sum(self._visit(pk, self._deliver) for pk in waiting if time.monotonic() < self.deadline)

    def _upload_runs(self) -> int:
        offline = self._offline_runs() if self.tracker.can_upload else []
        if not offline or time.monotonic() >= self.deadline or not breaker.allows(self.tracker.key):
            return 0
        return sum(self._visit(pk, self._upload) for pk in offline if time.monotonic() < self.deadline)

    def _prepare(self) -> None:
        """Once a process, at its first contact: the line that says where runs can be looked at (F51)."""
        if self.tracker.key in _prepared:
            return
        self.tracker.prepare()
        _prepared.add(self.tracker.key)
        if not self.tracker.local:
            breaker.succeeded(self.tracker.key)
        log.info("tracker ready", tracker=self.tracker.key, about=self.tracker.describe())

    # --- Which runs ---------------------------------------------------------------------------------------------
    def _runs(self) -> QuerySet[TrackerRun]:
        due = Q(retry_at__isnull=True) | Q(retry_at__lte=timezone.now())
        runs = TrackerRun.objects.filter(due, tracker=self.tracker.key)
        return runs if self.experiment is None else runs.filter(experiment=self.experiment)

    def _waiting_runs(self) -> list[int]:
        waiting = Q(outbox__delivered_at__isnull=True)
        if self.tracker.whole_runs:
            waiting &= Q(outbox__kind="end")
        rows = self._runs().filter(waiting).annotate(first=Min("outbox__id", filter=waiting)).order_by("first")
        return list(rows.values_list("pk", flat=True)[:RUNS_PER_PASS])

    def _offline_runs(self) -> list[int]:
        rows = self._runs().filter(state=MirrorState.OFFLINE).order_by("synced_at", "pk")
        return list(rows.values_list("pk", flat=True)[:RUNS_PER_PASS])

    # --- One run ------------------------------------------------------------------------------------------------
    def _visit(self, pk: int, act: _Act) -> int:
        """``act(run)`` under the run's lock, with its troubles noted on the run; TrackerUnavailable is passed on."""
        with locks.held(locks.TRACKER_RUN, pk) as got:
            run = TrackerRun.objects.filter(pk=pk).first() if got else None
            if run is None:
                return 0
            try:
                return act(run)
            except (TrackerUnavailable, DatabaseProblem):
                raise
            except RunGone as error:
                log.warning("mirror is gone, telling it again", tracker=run.tracker, run=str(run.experiment_id))
                outbox.rebuild(run, forget=True)
                again = run.failures == 0
                self._put_off(run, str(error), pause=not again)
                return int(again)  # progress: what was written just now can go out at once
            except TrackerError as error:
                self._put_off(run, str(error))
            except Exception:
                log.exception("delivery failed", tracker=run.tracker, run=str(run.experiment_id))
                self._put_off(run, "An unexpected error, which is in the worker's log.")
        return 0

    def _put_off(self, run: TrackerRun, reason: str, *, pause: bool = True) -> None:
        failures = run.failures + 1
        retry_at = timezone.now() + breaker.pause_after(failures) if pause else None
        TrackerRun.objects.filter(pk=run.pk).update(failures=failures, retry_at=retry_at, last_error=reason)
        if not self.tracker.local:
            # It did answer, if only about this run.
            breaker.succeeded(self.tracker.key)

    def _deliver(self, run: TrackerRun) -> int:
        entries = list(self._entries(run))
        if not entries or (self.tracker.whole_runs and entries[-1].kind != "end"):
            return 0
        return self._deliver_entries(run, entries)

    def _entries(self, run: TrackerRun) -> QuerySet[OutboxEntry]:
        entries = OutboxEntry.objects.filter(tracker_run=run).order_by("seq")
        return entries if self.tracker.whole_runs else entries.filter(delivered_at__isnull=True)[:BATCH_SIZE]

    def _deliver_entries(self, run: TrackerRun, entries: list[OutboxEntry]) -> int:
        """Delivers and marks; halves a refused batch until the entry that is to blame is found and set aside."""
        try:
            envelopes = tuple(_envelope(entry) for entry in entries)
            result = self.tracker.deliver(Batch(_ref(run), envelopes))
        except MessageRefused as refusal:
            run.external_id = run.external_id or refusal.external_id
            if refusal.whole_run:
                return self._set_aside(run, OutboxEntry.objects.filter(tracker_run=run), str(refusal))
            if len(entries) == 1 or self.tracker.whole_runs:
                return self._set_aside(run, OutboxEntry.objects.filter(pk__in=[e.pk for e in entries]), str(refusal))
            half = len(entries) // 2
            return self._deliver_entries(run, entries[:half]) + self._deliver_entries(run, entries[half:])
        self._mark(run, entries, result)
        return len(entries)

    def _mark(self, run: TrackerRun, entries: list[OutboxEntry], result: DeliveryResult) -> None:
        now = timezone.now()
        with transaction.atomic():
            OutboxEntry.objects.filter(pk__in=[entry.pk for entry in entries], delivered_at__isnull=True).update(
                delivered_at=now
            )
            self._note(run, result, now)
        if not self.tracker.local:
            breaker.succeeded(self.tracker.key)

    def _note(self, run: TrackerRun, result: DeliveryResult, now: dt.datetime) -> None:
        run.external_id, run.url = result.external_id, result.url or run.url
        run.state, run.synced_at = result.state, now
        run.last_error = "; ".join(result.notes) if result.notes else _refusals(run)
        run.failures, run.retry_at = 0, None
        run.save(update_fields=["external_id", "url", "state", "synced_at", "last_error", "failures", "retry_at"])

    def _set_aside(self, run: TrackerRun, entries: QuerySet[OutboxEntry], reason: str) -> int:
        """Dealt with, but not delivered: counted, kept with the reason, and shown."""
        count = entries.filter(delivered_at__isnull=True).update(delivered_at=timezone.now(), refused=reason)
        run.last_error = _refusals(run)
        run.failures, run.retry_at = 0, None
        run.save(update_fields=["external_id", "last_error", "failures", "retry_at"])
        log.warning("entries refused", tracker=run.tracker, run=str(run.experiment_id), count=count, reason=reason)
        return count

    def _upload(self, run: TrackerRun) -> int:
        result = self.tracker.upload(_ref(run))
        # A run that was started again meanwhile is written and sent again when it ends.
        TrackerRun.objects.filter(pk=run.pk, state=MirrorState.OFFLINE).update(
            external_id=result.external_id,
            url=result.url,
            state=result.state,
            synced_at=timezone.now(),
            last_error="",
            failures=0,
            retry_at=None,
        )
        breaker.succeeded(self.tracker.key)
        return 1


def _ref(run: TrackerRun) -> RunRef:
    return RunRef(str(run.experiment_id), run.external_id, run.url)


def _envelope(entry: OutboxEntry) -> Envelope:
    try:
        return Envelope(entry.seq, from_payload(entry.payload))
    except ValueError as error:
        raise MessageRefused(f"Entry {entry.seq} cannot be read: {type(error).__name__}") from error


def _refusals(run: TrackerRun) -> str:
    refused = OutboxEntry.objects.filter(tracker_run=run).exclude(refused="").order_by("-seq")
    last = refused.first()
    return f"{refused.count()} entries were refused; the last one: {last.refused}" if last else ""
