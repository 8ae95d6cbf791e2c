"""What a run would take of the machine, said before the launch: processes and memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psutil
from django.conf import settings

from experiments.learning.architectures import AnyArchitecture
from experiments.learning.distributed.fit import can_be_shared
from experiments.learning.recommenders.base import Architecture
from experiments.learning.recommenders.memory import Size
from experiments.models import Dataset, RunType
from experiments.services.spec import Problem


def too_much(
    dataset: Dataset,
    architecture: AnyArchitecture,
    parameters: dict[str, Any],
    processes: int,
    run_type: RunType,
) -> list[Problem]:
    """Every reason why this cannot be given what it would take; ``parameters`` as they are stored, {} where refused."""
    return [*_of_processes(architecture, processes, run_type), *_of_memory(dataset, architecture, parameters, run_type)]


def memory_limit() -> int:
    """Bytes that one training may be expected to take: the operator's figure, else the whole of this machine's."""
    megabytes = settings.TRAIN_MEMORY_MB or settings.JOB_MEMORY_LIMIT_MB
    return megabytes * 2**20 if megabytes else int(psutil.virtual_memory().total)


def _of_processes(architecture: AnyArchitecture, processes: int, run_type: RunType) -> Iterable[Problem]:
    if processes == 1:
        return
    if run_type != RunType.TRAIN:
        yield Problem("processes", f"only a training can be spread, given: {processes}; accepted: 1")
    elif not can_be_shared(architecture):
        yield Problem(
            "processes",
            f"{architecture.label} trains in one process, as only Keras networks can be spread (given: {processes}); "
            "accepted: 1",
        )
    elif processes > settings.TRAIN_MAX_PROCESSES:
        yield Problem(
            "processes",
            f"given: {processes}; accepted: 1 to {settings.TRAIN_MAX_PROCESSES} (MLOPSPRO_TRAIN_MAX_PROCESSES here)",
        )


def _of_memory(
    dataset: Dataset, architecture: AnyArchitecture, parameters: dict[str, Any], run_type: RunType
) -> Iterable[Problem]:
    fits = run_type != RunType.EVAL and parameters and isinstance(architecture, Architecture)
    if not fits or not isinstance(architecture, Architecture) or architecture.memory is None:
        return
    size = Size(dataset.num_users or 0, dataset.num_items or 0, dataset.num_interactions)
    need = architecture.memory(architecture.validate(parameters), size)
    limit = min(memory_limit(), need.most) if need.most else memory_limit()
    if need.bytes > limit:
        yield Problem(
            need.field,
            f"{architecture.label} on {dataset.name} would take about {gibibytes(need.bytes)} for {need.what}; "
            f"accepted: up to {gibibytes(limit)}. {need.instead}",
        )


def gibibytes(count: float) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 0.1 * 2**30 else f"{count / 2**20:.0f} MiB"
