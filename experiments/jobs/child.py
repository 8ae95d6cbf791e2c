"""The process in which one attempt of one job runs: ``python -m experiments.jobs.child [--warm]``.

It reads one line of JSON from its standard input (which attempt), works, writes the outcome under its lease and
ends. Beside the work two threads watch: one renews the lease and hears of a stop; the other sees its standard input
close, which happens when the worker that started it dies, however that dies - so no attempt outlives its worker.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
import traceback
from typing import Any

EXIT_FENCED = 75
EXIT_ORPHANED = 76


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlopspro.settings")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import django

    django.setup()
    if "--warm" in sys.argv:
        # Seconds of importing TensorFlow are spent before a run is there, not while a person waits for it.
        from experiments.services import training

        training.warm_up()
    order = sys.stdin.buffer.readline()
    if not order:
        return
    Attempt(json.loads(order)).run()


class Attempt:
    def __init__(self, order: dict[str, Any]) -> None:
        from experiments.jobs.context import JobContext
        from experiments.jobs.kinds import MODELS
        from experiments.jobs.lease import Lease, patiently

        self.kind: str = order["kind"]
        self.lease = Lease(MODELS[self.kind], order["pk"], order["token"], order["attempt"])
        job = patiently(lambda: MODELS[self.kind]._default_manager.get(pk=order["pk"]))
        self.context = JobContext(self.lease, job)

    def run(self) -> None:
        from experiments.jobs.context import JobFailed, Stopped
        from experiments.jobs.lease import LeaseLost
        from experiments.jobs.limits import limit_memory
        from experiments.models import FailureKind, JobStatus

        limit_memory()
        threading.Thread(target=self._watch_parent, daemon=True).start()
        threading.Thread(target=self._keep_lease, daemon=True).start()
        try:
            work_function(self.kind)(self.context)
        except LeaseLost:
            leave(EXIT_FENCED)
        except Stopped:
            self._end(JobStatus.CANCELLED)
        except JobFailed as failure:
            self._end(JobStatus.FAILED, failure.kind, failure.reason)
        except MemoryError:
            reason = "It ran out of memory. A smaller batch size or embedding dimension needs less."
            self._end(JobStatus.FAILED, FailureKind.OUT_OF_MEMORY, reason)
        except OSError as error:
            if error.errno != 28:
                self._end_with_trace(error)
            self._end(JobStatus.FAILED, FailureKind.NO_SPACE, "No space is left where runs are stored. Nothing of it was kept.")
        except Exception as error:  # noqa: BLE001  the last line of defence: the run ends with what went wrong
            self._end_with_trace(error)

    def _end(self, status: Any, kind: str = "", reason: str = "") -> None:
        from experiments.jobs.lease import LeaseLost

        try:
            self.context.end(status, kind=kind, reason=reason)
        except LeaseLost:
            leave(EXIT_FENCED)

    def _end_with_trace(self, error: Exception) -> None:
        from experiments.jobs.lease import LeaseLost
        from experiments.jobs.limits import is_out_of_memory
        from experiments.models import FailureKind, JobStatus
        from mlopspro.core.logs import scrub_text

        try:
            self.context.log(scrub_text("".join(traceback.format_exception(error))), "error")
        except LeaseLost:
            leave(EXIT_FENCED)
        kind = FailureKind.OUT_OF_MEMORY if is_out_of_memory(error) else FailureKind.ERROR
        self._end(JobStatus.FAILED, kind, scrub_text(f"{type(error).__name__}: {error}")[:2000])

    def _keep_lease(self) -> None:
        """Renews until told that the lease is lost. A database that is away is no reason to stop: writes wait too."""
        from django.conf import settings
        from django.db import InterfaceError, OperationalError, connection

        from experiments.jobs.lease import LeaseLost

        while True:
            try:
                if self.lease.renew():
                    self.context.stop.set()
            except LeaseLost:
                leave_unless_ended(self)
                return
            except (OperationalError, InterfaceError):
                connection.close()
            time.sleep(settings.JOB_HEARTBEAT_SECONDS)

    def _watch_parent(self) -> None:
        sys.stdin.buffer.read()
        self._hand_back()
        leave(EXIT_ORPHANED)

    def _hand_back(self) -> None:
        """Queues the job again at once; if that fails, the reaper does it when the lease has run out."""
        from experiments.jobs import lifecycle

        try:
            self.lease._commit(lambda job: lifecycle.hand_back(job, "The worker it ran on was stopped."))
        except Exception:  # noqa: BLE001, S110  nothing can be done here that the reaper will not do
            pass


def leave_unless_ended(attempt: Attempt) -> None:
    """After the final write the lease is gone as well, rightly; the main thread needs a moment to leave by itself."""
    time.sleep(5)
    leave(EXIT_FENCED)


def leave(code: int) -> None:
    """Ends the process now, whatever other threads (and TensorFlow's) are at."""
    sys.stderr.flush()
    os._exit(code)


def work_function(kind: str) -> Any:
    from experiments.jobs.kinds import WORK

    module, name = WORK[kind].split(":")
    return getattr(importlib.import_module(module), name)


if __name__ == "__main__":
    main()
    # TensorFlow's threads can hang an ordinary exit; everything is written by now.
    leave(0)
