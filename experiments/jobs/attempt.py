"""Carries out one attempt in this process: does the work, keeps the lease, and turns every outcome into an end."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from errno import ENOSPC

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from experiments.jobs.context import AttemptLost, JobContext, JobFailed, Stopped
from experiments.jobs.kinds import MODELS, WORK, function_named
from experiments.jobs.lease import Lease, LeaseLost, patiently
from experiments.jobs.limits import is_out_of_memory
from experiments.models import FailureKind, JobStatus
from mlopspro.core.logs import scrub_text

OUT_OF_MEMORY = "It ran out of memory. A smaller batch size or embedding dimension needs less."
NO_SPACE = "No space is left where runs are stored, so it could not be saved."


def open_context(lease: Lease) -> JobContext:
    return JobContext(lease, patiently(lambda: MODELS[lease.model.KIND]._default_manager.get(pk=lease.pk)))


def carry_out(context: JobContext, *, when_fenced: Callable[[], None]) -> None:
    """Runs the work to an end that is written under the lease. ``when_fenced`` is called if the lease is lost first."""
    ended = threading.Event()
    keeper = threading.Thread(target=keep_lease, args=(context, ended, when_fenced), name="lease", daemon=True)
    keeper.start()
    try:
        _work(context)
    except LeaseLost:
        when_fenced()
    finally:
        ended.set()


def _work(context: JobContext) -> None:
    try:
        function_named(WORK[context.lease.model.KIND])(context)
    except LeaseLost:
        raise
    except Stopped as stopped:
        context.end(JobStatus.CANCELLED, reason=stopped.reason)
    except AttemptLost as lost:
        context.lose(str(lost))
    except JobFailed as failure:
        context.end(JobStatus.FAILED, kind=failure.kind, reason=failure.reason)
    except Exception as error:  # the last line of defence: the job ends with what went wrong
        _end_unexpected(context, error)


def _end_unexpected(context: JobContext, error: Exception) -> None:
    if is_out_of_memory(error):
        context.end(JobStatus.FAILED, kind=FailureKind.OUT_OF_MEMORY, reason=OUT_OF_MEMORY)
    elif isinstance(error, OSError) and error.errno == ENOSPC:
        context.end(JobStatus.FAILED, kind=FailureKind.NO_SPACE, reason=NO_SPACE)
    else:
        context.log(scrub_text("".join(traceback.format_exception(error))), "error")
        reason = scrub_text(f"{type(error).__name__}: {error}")[:2000]
        context.end(JobStatus.FAILED, kind=FailureKind.ERROR, reason=reason)


def keep_lease(context: JobContext, ended: threading.Event, when_fenced: Callable[[], None]) -> None:
    """Renews until the work has ended. A database that is away is no reason to stop: the work's writes wait too."""
    while not ended.wait(settings.JOB_HEARTBEAT_SECONDS):
        try:
            if context.lease.renew():
                context.stop.set()
        except LeaseLost:
            # The final write takes the lease away as well, rightly; give the work a moment to leave by itself.
            if not ended.wait(5):
                when_fenced()
            break
        except (OperationalError, InterfaceError):
            connection.close()
    connection.close()
