"""Launching, waiting for and looking into real runs of a live stack."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psutil

from experiments.models import Experiment, MetricValue
from experiments.services import launch
from experiments.services.spec import LaunchSpec
from experiments.tests.stored import stored_dataset
from mlopspro.accounts.models import Workspace


def start(name: str, *, architecture: str = "hybrid", **asked: Any) -> Experiment:
    workspace = Workspace.objects.get(slug="default")
    dataset = stored_dataset(workspace, "Small synthetic")
    spec = LaunchSpec.model_validate(
        {"name": name, "dataset": dataset.pk, "architecture": architecture, "trackers": [], **asked}
    )
    return launch.launch(workspace=workspace, actor=None, spec=spec, through="command")


def until(run: Experiment, happened: Callable[[Experiment], bool], seconds: float = 150) -> Experiment:
    """The run, once ``happened`` is true of it; fails with what it was doing instead."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        run.refresh_from_db()
        if happened(run):
            return run
        time.sleep(0.05)
    log = "\n".join(run.log_lines.values_list("message", flat=True))
    raise AssertionError(
        f"{run.name} is {run.status_label}, {run.phase} {run.progress_done}/{run.progress_total}\n{log}"
    )


def until_ended(run: Experiment, seconds: float = 120) -> Experiment:
    return until(run, lambda row: row.is_terminal, seconds)


def until_epoch(run: Experiment, epoch: int) -> Experiment:
    return until(run, lambda row: row.is_terminal or row.progress_done >= epoch)


def trainers() -> list[psutil.Process]:
    """Child processes of jobs on this machine, spares included."""
    everything = psutil.process_iter(["cmdline"])
    return [process for process in everything if "experiments.jobs.child" in (process.info["cmdline"] or [])]


def trainers_of(stack: Any) -> list[psutil.Process]:
    """Those that work on this stack's database, whoever is above them."""
    found = []
    for process in trainers():
        try:
            if stack.environment["DATABASE_URL"] == process.environ().get("DATABASE_URL"):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def trainer_of(stack: Any, run: Experiment) -> psutil.Process:
    """The process that works on this run: the worker is host:pid of the pool child, whose busy child it is."""
    pool_child = psutil.Process(int(run.worker.rsplit(":", 1)[1]))
    children = [child for child in pool_child.children() if "experiments.jobs.child" in child.cmdline()]
    # A slot at work has handed its spare over and prepares the next one only when the run has ended.
    assert len(children) == 1, children
    return children[0]


def figures(run: Experiment) -> dict[tuple[str, str, str], float | None]:
    rows = MetricValue.objects.filter(experiment=run).values_list("protocol", "name", "segment", "value")
    return {(protocol, name, segment): value for protocol, name, segment, value in rows}


def losses(run: Experiment) -> list[tuple[int, float]]:
    return [(row.epoch, row.values["train_loss"]) for row in run.epochs.order_by("epoch")]
