"""What a tracker is to the rest of the product. Adding one is a file here and a line in ``services/trackers.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from experiments.tracking.messages import Message

State = Literal["pending", "syncing", "offline", "synced"]


class TrackerError(Exception):
    """Delivery did not work. The message can be shown to people and holds no secret."""


class TrackerUnavailable(TrackerError):
    """The tracker does not answer, or answers nobody: everything for it waits until it is back."""


class DeliveryFailed(TrackerError):
    """It answers, but this run's delivery did not work this time; it is tried again later, others go on."""


class MessageRefused(TrackerError):
    """The tracker will never take this message. It is set aside with the reason, the rest of the run goes on.

    ``whole_run``: it takes nothing more for this run at all (somebody deleted it there). ``external_id``: the
    tracker's id of the run, where it is known by now.
    """

    def __init__(self, reason: str, *, whole_run: bool = False, external_id: str = "") -> None:
        super().__init__(reason)
        self.whole_run = whole_run
        self.external_id = external_id


class RunGone(TrackerError):
    """The tracker no longer knows the run (its database was lost or replaced): it must be told everything again."""


@dataclass(frozen=True)
class RunRef:
    """One run's mirror as far as it is known.

    ``experiment_id`` is our id (UUID text) and the key by which a tracker recognises the run again; ``external_id``
    is the tracker's own, empty until the first delivery.
    """

    experiment_id: str
    external_id: str = ""
    url: str = ""


@dataclass(frozen=True)
class Envelope:
    """A message and its place in the run's order."""

    seq: int
    message: Message


@dataclass(frozen=True)
class Batch:
    """Messages of one run in order, as they follow on what was delivered before."""

    run: RunRef
    envelopes: tuple[Envelope, ...]

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(envelope.message for envelope in self.envelopes)


@dataclass(frozen=True)
class DeliveryResult:
    """How the mirror stands after a batch; ``notes`` are things left out for a reason (a file that is missing)."""

    external_id: str
    url: str
    state: State
    notes: tuple[str, ...] = ()


class Tracker(Protocol):
    """Delivering the same batch again, whole or in part, must leave the mirror as one delivery leaves it."""

    key: str
    label: str
    whole_runs: bool
    """True: takes a run only once it has ended, with all its messages in one batch."""
    local: bool
    """True: ``deliver`` needs no network, so it is not held back while the tracker's server is away."""

    @property
    def is_available(self) -> bool:
        """Whether it is set up at all; says nothing about whether it answers now."""

    @property
    def can_upload(self) -> bool:
        """Whether offline copies can be sent on (``upload``)."""

    def describe(self) -> str:
        """One line for logs and pages: where it is, and where a person looks at it."""

    def prepare(self) -> None:
        """Makes what must exist once on its server. Raises TrackerError."""

    def deliver(self, batch: Batch) -> DeliveryResult:
        """Raises one of the TrackerErrors above; nothing else."""

    def upload(self, run: RunRef) -> DeliveryResult:
        """Sends an offline copy on. Raises TrackerError."""
