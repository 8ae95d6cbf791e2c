"""Tells MLflow of closed hours: one run a source in the experiments "prediction" and "monitoring".

The database is the truth and nothing waits for this (decision D8). What is to be told is what the windows themselves
say: those whose revision MLflow has not heard of. They are marked after MLflow has answered; a crash in between sends
them again, and points with the same step and time are the same points. An hour that changes later is told again, once
it has been quiet for a while, at the same step and a later millisecond, so that MLflow's last value is the true one.
"""

from __future__ import annotations

import datetime as dt
import time

import structlog
from django.db import Error as DatabaseProblem
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from experiments.models import TrackerName
from experiments.services import breaker, locks
from experiments.services.trackers import trackers
from experiments.tracking.mlflow_errors import as_tracker_errors
from experiments.tracking.mlflow_series import MlflowSeries, SeriesPoint, SeriesRef
from experiments.tracking.mlflow_tracker import MlflowTracker
from experiments.tracking.names import group_name
from experiments.tracking.protocol import TrackerError, TrackerUnavailable
from mlopspro.core.logs import scrub_text
from monitoring.models import Source, Window
from monitoring.summaries import figures

log = structlog.get_logger(__name__)
WINDOW_MIRROR = 0x776D
"""Class of the locks under which MLflow is told of a source."""
AT_ONCE = 200
SOURCES_PER_PASS = 200
QUIET = dt.timedelta(minutes=10)
"""So long must an hour that MLflow knows stay the same before it is told again: feedback trickles in for hours."""
GROUPS = {"prediction": figures.traffic, "monitoring": figures.quality}


def mirror_waiting(seconds: float, tracker: MlflowTracker | None = None) -> int:
    """Windows told to MLflow, for at most about ``seconds``. Safe anywhere, at any time, at once."""
    known = tracker or trackers().get(TrackerName.MLFLOW)
    if not isinstance(known, MlflowTracker) or not known.is_available:
        return 0
    sources = list(_due().values_list("source", flat=True).order_by("source").distinct()[:SOURCES_PER_PASS])
    if not sources or not breaker.allows(known.key):
        return 0
    deadline, done = time.monotonic() + seconds, 0
    try:
        for pk in sources:
            done += _mirror_source(known, pk, deadline)
            if time.monotonic() >= deadline:
                break
    except TrackerUnavailable as error:
        breaker.failed(known.key, str(error))
        log.warning("tracker unavailable", tracker=known.key, reason=str(error))
        return done
    breaker.succeeded(known.key)
    return done


def waiting() -> int:
    """Hours that MLflow has not heard of."""
    return _due().count()


def _due() -> QuerySet[Window]:
    return Window.objects.filter(
        Q(mirrored_revision=0) | Q(computed_at__lt=timezone.now() - QUIET),
        revision__gt=F("mirrored_revision"),
        level=Window.Level.HOUR,
        state=Window.State.CLOSED,
    )


def _mirror_source(tracker: MlflowTracker, pk: int, deadline: float) -> int:
    done = 0
    with locks.held(WINDOW_MIRROR, pk) as got:
        source = Source.objects.select_related("workspace", "model", "version").filter(pk=pk).first() if got else None
        while source is not None and time.monotonic() < deadline:
            windows = list(_due().filter(source=source).order_by("start")[:AT_ONCE])
            if not windows or not _told(tracker, source, windows):
                break
            for window in windows:
                Window.objects.filter(pk=window.pk).update(mirrored_revision=window.revision)
            done += len(windows)
    return done


def _told(tracker: MlflowTracker, source: Source, windows: list[Window]) -> bool:
    """Whether MLflow took them. TrackerUnavailable is passed on; one source's trouble leaves the others alone."""
    try:
        with as_tracker_errors():
            series = MlflowSeries(tracker.client)
            for group, of in GROUPS.items():
                points = [_point(window, values) for window in windows if (values := of(window.summary))]
                if points:
                    series.write(_ref(source, group), points)
    except (TrackerUnavailable, DatabaseProblem):
        raise
    except TrackerError as error:
        log.warning("windows not mirrored", source=source.pk, reason=str(error))
        return False
    return True


def _point(window: Window, values: figures.Figures) -> SeriesPoint:
    """A later revision is a later millisecond of the same hour."""
    at = window.start + dt.timedelta(milliseconds=min(window.revision - 1, 3_599_999))
    return SeriesPoint(int(window.start.timestamp()) // int(Window.Level.HOUR), at, values)


def _ref(source: Source, group: str) -> SeriesRef:
    tags = {
        "mlopspro.model": source.model.name,
        "mlopspro.version": source.number,
        "mlopspro.role": source.role,
        "mlopspro.workspace": source.workspace.slug,
    }
    return SeriesRef(
        key=f"source-{source.pk}",
        group=group_name(group, source.workspace.slug),
        name=scrub_text(f"{source.model.name}-{source.number}-{source.role}")[:250],
        tags={name: scrub_text(value)[:5000] for name, value in tags.items()},
    )
