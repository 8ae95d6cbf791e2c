"""The default run (F8 on the data of F15) over the API, from the request to completed: trackers on, off, out of order.

    python -m benchmarks.default_run [--runs 7]

Prints a JSON line a situation: how long the launch took to be answered, the whole run, and its training and evaluation.
``refused``: MLflow's and W&B's ports are closed. ``blackholed``: they accept connections and never answer.
"""

from __future__ import annotations

import argparse
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.site import Site, emit, site
from experiments.models import Experiment
from mlopspro.testing import environment


@contextmanager
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=256) as server:
        kept: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    kept.append(server.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def run_once(bench: Site, trackers: list[str]) -> dict[str, float]:
    began = time.perf_counter()
    launched, answer = bench.call("/train", {"dataset": str(bench.dataset.pk), "trackers": trackers})
    pk = answer["data"]["id"]
    while True:
        row = Experiment.objects.filter(pk=pk).values("status", "timings", "failure_reason").get()
        if row["status"] in ("completed", "failed"):
            break
        time.sleep(0.02)
    if row["status"] != "completed":
        raise SystemExit(f"the run failed: {row['failure_reason']}")
    timings = row["timings"]
    return {
        "launch_s": launched,
        "total_s": time.perf_counter() - began,
        "train_s": timings["train"],
        "train_and_evaluate_s": timings["train"] + timings["evaluate"],
    }


def measure(situation: str, runs: int, trackers: list[str], **variables: str) -> None:
    with site(f"bench-{situation}", mlflow=situation == "trackers on", **variables) as bench:
        time.sleep(20)  # workers start their spare processes, as a site that has run for a minute has
        found = []
        for _ in range(runs):
            found.append(run_once(bench, trackers))
            time.sleep(12)  # a person reads; the next spare process gets ready
        figures = {
            key: {"median": round(statistics.median(values), 3), "max": round(max(values), 3)}
            for key in found[0]
            for values in [[item[key] for item in found]]
        }
        epochs = [Experiment.objects.get(pk=run.pk).epochs.count() for run in Experiment.objects.all()]
        emit("default_run", situation=situation, runs=runs, **figures, every_epoch_kept=set(epochs) == {10})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    both = ["mlflow", "wandb"]
    try:
        measure("no trackers", runs, [])
        measure("trackers on", runs, both)
        refused = f"http://127.0.0.1:{closed_port()}"
        measure("refused", runs, both, MLFLOW_TRACKING_URI=refused, WANDB_BASE_URL=refused, WANDB_API_KEY="0" * 40)
        with silent_port() as port:
            silent = f"http://127.0.0.1:{port}"
            measure("blackholed", runs, both, MLFLOW_TRACKING_URI=silent, WANDB_BASE_URL=silent, WANDB_API_KEY="0" * 40)
    finally:
        environment.finish()


if __name__ == "__main__":
    main()
