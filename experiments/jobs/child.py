"""The process in which one attempt of one job runs: ``python -m experiments.jobs.child [--warm]``.

It reads one line of JSON from its standard input (which attempt), carries it out and ends. Its standard input closes
when the worker that started it dies, however that dies; then the job is handed back and this process ends as well,
so no attempt outlives its worker.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.jobs.lease import Lease

EXIT_FENCED = 75
EXIT_ORPHANED = 76


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlopspro.settings")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import django

    django.setup()
    if "--warm" in sys.argv:
        # Seconds of importing TensorFlow are spent before a run is there, not while a person waits for it.
        from experiments.jobs.kinds import WARM_UP, function_named

        function_named(WARM_UP)()
    order = sys.stdin.buffer.readline()
    if order:
        run(json.loads(order))


def run(order: dict[str, str | int]) -> None:
    from experiments.jobs import attempt
    from experiments.jobs.kinds import MODELS
    from experiments.jobs.lease import Lease
    from experiments.jobs.limits import limit_memory

    limit_memory()
    lease = Lease(MODELS[str(order["kind"])], order["pk"], int(order["token"]), int(order["attempt"]))
    threading.Thread(target=watch_parent, args=(lease,), name="parent", daemon=True).start()
    attempt.carry_out(attempt.open_context(lease), when_fenced=lambda: leave(EXIT_FENCED))


def watch_parent(lease: Lease) -> None:
    """Blocks until the worker is gone, hands the job back and ends the process."""
    from experiments.jobs import lifecycle

    sys.stdin.buffer.read()
    # If this cannot be written, the reaper queues the job again once the lease has run out.
    with contextlib.suppress(Exception):
        lease.commit_once(lambda job: lifecycle.hand_back(job, "The worker it ran on was stopped."))
    leave(EXIT_ORPHANED)


def leave(code: int) -> None:
    """Ends the process now, whatever other threads (and TensorFlow's) are at."""
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
    # TensorFlow's threads can hang an ordinary exit; everything is written by now.
    leave(0)
