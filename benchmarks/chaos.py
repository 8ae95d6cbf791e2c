"""Many predictions while web, worker, shipper, Redis and PostgreSQL are killed: is each counted exactly once?

    python -m benchmarks.chaos [--predictions 1000000] [--batch 1000] [--lists 5000] [--kills 40] [--seed 1]

Clients insist: what fails on the way is sent again with the same id. In the end rows of the log and predictions in
minute, hour and day windows are counted against what was accepted. Prints a JSON line a kill and one with the count;
ends with an error where anything is missing or counted twice. The test of the suite is a small one of the same
(mlopspro/serving/tests/test_chaos.py).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from benchmarks.site import emit
from mlopspro import embedded
from mlopspro.testing import environment
from mlopspro.testing.chaos_run import Outcome, carry_out
from mlopspro.testing.live_stack import LiveStack

LEVELS = (60, 3600, 86400)


def is_exact(found: Outcome) -> bool:
    total = found.rows + found.lists_in_log
    return (
        found.rows == found.accepted
        and found.lists_missing == 0
        and found.feedback_rows == found.feedback == found.labelled
        and all(found.counted.get(level) == total for level in LEVELS)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--predictions", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--lists", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    embedded.hold()
    embedded.ensure_running("postgres", "redis")
    stack = LiveStack(
        "bench-chaos",
        names=("web", "worker-io", "beat", "log-shipper"),
        environment={"MLOPSPRO_LOG_ROWS_PER_MINUTE": "1000000000"},
    )
    try:
        stack.start()
        found = carry_out(
            stack, seed=options.seed, batches=options.predictions // options.batch, batch=options.batch,
            lists=options.lists, kills=options.kills, patience=3600, settle=1800,
        )  # fmt: skip
        for kill in found.kills:
            emit("chaos", killed=kill.victim, at=round(kill.at, 1), back_after=round(kill.back - kill.at, 1))
        emit("chaos", kills=dict(Counter(kill.victim for kill in found.kills)), seconds=round(found.seconds),
             accepted=found.accepted, rows=found.rows, lists=found.lists, lists_in_log=found.lists_in_log,
             lists_missing=found.lists_missing, feedback=found.feedback, feedback_rows=found.feedback_rows,
             labelled=found.labelled, in_windows=found.counted, retried=found.retried,
             failed_without_a_kill=found.unexplained, exactly_once=is_exact(found))  # fmt: skip
    finally:
        stack.stop()
        environment.finish()
    if not is_exact(found):
        sys.exit("not every prediction is counted exactly once")


if __name__ == "__main__":
    main()
