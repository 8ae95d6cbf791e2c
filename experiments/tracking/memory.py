"""A tracker in this process's memory: the reference for the contract, and a tracker for tests of delivery."""

from __future__ import annotations

from dataclasses import dataclass, field

from experiments.tracking.messages import (
    Artifacts,
    End,
    Epoch,
    Message,
    Metrics,
    Open,
    Reopen,
    Start,
    milliseconds,
)
from experiments.tracking.names import legal_key
from experiments.tracking.protocol import (
    Batch,
    DeliveryResult,
    MessageRefused,
    RunGone,
    RunRef,
    State,
    TrackerError,
    TrackerUnavailable,
)

Point = tuple[str, int, int, float | None]
"""(metric, step, Unix milliseconds, value)."""


@dataclass
class MemoryRun:
    name: str
    group: str
    params: dict[str, object] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: dict[Point, None] = field(default_factory=dict)
    """In order of arrival, each once."""
    files: dict[str, str] = field(default_factory=dict)
    status: str = "running"

    def take(self, message: Message) -> None:
        match message:
            case Open() | Start():
                self._set_params(message.params)
                self.tags |= message.tags
            case Epoch():
                self._add(message.values, message.epoch, milliseconds(message.at))
            case Metrics():
                self._add(message.values, message.step, milliseconds(message.at))
            case Artifacts():
                self.files |= {file.name: file.sha256 for file in message.files}
            case End():
                self.status = message.status
            case Reopen():
                self.status = "running"

    def _set_params(self, params: dict[str, object]) -> None:
        changed = [name for name, value in params.items() if self.params.get(name, value) != value]
        if changed:
            raise MessageRefused(f"parameter {changed[0]!r} has another value already")
        self.params |= params

    def _add(self, values: dict[str, float | None], step: int, at: int) -> None:
        for name, value in values.items():
            self.points.setdefault((legal_key(name), step, at, value))


class MemoryTracker:
    """Takes messages as they come. ``fail_with`` makes every delivery raise, as a tracker that is away does."""

    whole_runs = False
    local = False
    is_available = True
    can_upload = False

    def __init__(self, key: str = "memory", label: str = "Memory") -> None:
        self.key = key
        self.label = label
        self.runs: dict[str, MemoryRun] = {}
        self.fail_with: TrackerError | None = None
        self.deliveries = 0

    def go_down(self) -> None:
        self.fail_with = TrackerUnavailable(f"{self.label} is down")

    def come_back(self) -> None:
        self.fail_with = None

    def describe(self) -> str:
        return f"{self.label} in the memory of this process, {len(self.runs)} runs"

    def prepare(self) -> None:
        if self.fail_with is not None:
            raise self.fail_with

    def deliver(self, batch: Batch) -> DeliveryResult:
        self.deliveries += 1
        self.prepare()
        run = self._run(batch)
        state: State = "syncing"
        for message in batch.messages:
            run.take(message)
            state = "synced" if isinstance(message, End) else "syncing"
        return DeliveryResult(batch.run.experiment_id, f"memory:{batch.run.experiment_id}", state)

    def upload(self, run: RunRef) -> DeliveryResult:
        raise NotImplementedError("nothing is kept offline; can_upload is False")

    def _run(self, batch: Batch) -> MemoryRun:
        key = batch.run.experiment_id
        if key not in self.runs:
            first = batch.messages[0]
            if not isinstance(first, Open):
                raise RunGone(f"{self.label} does not know run {key}")
            self.runs[key] = MemoryRun(first.name, first.group)
        return self.runs[key]
