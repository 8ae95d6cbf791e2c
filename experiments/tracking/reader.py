"""What reading runs from a tracker is to the rest of the product: runs that others logged there, with all they left.

Records hold what the tracker says, unchecked; ``experiments.services.logged_run_content`` makes rows of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from experiments.tracking.protocol import TrackerError


class ReadFailed(TrackerError):
    """The tracker answers, but not to this question; others can still be asked."""


@dataclass(frozen=True)
class Source:
    """One experiment of the tracker."""

    external_id: str
    name: str
    deleted: bool = False


@dataclass(frozen=True)
class LastValue:
    """The newest point of a metric. ``value`` may be NaN or infinite; ``at`` is in Unix milliseconds."""

    value: float
    step: int
    at: int


@dataclass(frozen=True)
class FoundRun:
    """A run as a search shows it: everything but the history of its metrics and its files.

    ``status`` is the tracker's own word; times are Unix milliseconds, None where the tracker has none.
    """

    external_id: str
    source_id: str
    name: str
    status: str
    started_at: int | None
    ended_at: int | None
    deleted: bool
    person: str
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, LastValue] = field(default_factory=dict)


@dataclass(frozen=True)
class RunPage:
    """Runs in the order that was asked for; ``next_page`` is empty on the last page."""

    runs: tuple[FoundRun, ...]
    next_page: str = ""


@dataclass(frozen=True)
class Point:
    """One logged value; ``at`` is in Unix milliseconds."""

    step: int
    at: int
    value: float


@dataclass(frozen=True)
class RemoteFile:
    """A file of a run by its path there, which is a name and never a path of this machine."""

    path: str
    size_bytes: int


class RunReader(Protocol):
    """Every method answers within a bounded time and raises TrackerUnavailable, RunGone or ReadFailed, nothing else."""

    key: str

    @property
    def is_available(self) -> bool:
        """Whether there is a server to ask at all; says nothing about whether it answers now."""

    def sources(self) -> list[Source]:
        """Every experiment, deleted ones too."""

    def runs(
        self, sources: Sequence[str], *, newest_first: bool, started_from: int | None = None, page: str = ""
    ) -> RunPage:
        """One page of the runs of these experiments by start, deleted ones too.

        ``started_from`` leaves out those that started earlier (Unix milliseconds).
        """

    def run(self, external_id: str) -> FoundRun:
        """One run as it is now."""

    def history(self, external_id: str, metric: str, limit: int) -> tuple[list[Point], bool]:
        """Points of a metric, at most ``limit``, and whether that is all of them."""

    def files(self, external_id: str, limit: int) -> tuple[list[RemoteFile], bool]:
        """Its files, at most ``limit``, and whether that is all of them."""

    def download(self, external_id: str, path: str, target: Path, limit: int) -> str:
        """Writes a file of at most ``limit`` bytes to ``target``; its SHA-256. A larger one is a ReadFailed."""

    def url(self, source_id: str, external_id: str) -> str:
        """Where a person looks at the run; empty where there is no such page."""
