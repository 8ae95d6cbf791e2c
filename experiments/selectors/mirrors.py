"""Where a run's copies in MLflow and W&B stand, in words that are true."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from experiments.models import Experiment, TrackerHealth, TrackerName, TrackerRun
from experiments.models.tracking import MirrorState


@dataclass(frozen=True)
class Mirror:
    """One tracker's copy of a run, with the number of entries that wait for it."""

    run: TrackerRun
    waiting: int
    health: TrackerHealth | None

    @property
    def label(self) -> str:
        return str(self.run.get_tracker_display())  # type: ignore[attr-defined]

    @property
    def state(self) -> MirrorState:
        return MirrorState(self.run.state)

    @property
    def is_settled(self) -> bool:
        return self.waiting == 0 and self.state in (MirrorState.SYNCED, MirrorState.OFFLINE)

    @property
    def reason(self) -> str:
        """Why it is not there yet; empty where it is."""
        if self.is_settled and self.state is MirrorState.SYNCED:
            return ""
        if self.state is MirrorState.OFFLINE:
            return "Kept as an offline run on this machine. Set WANDB_API_KEY and it is sent."
        if self.health and self.health.open_until and self.health.open_until > timezone.now():
            why = (self.health.last_error or f"{self.label} does not answer").rstrip(".")
            return f"{why}. It is tried again by itself."
        if self.run.last_error:
            return f"The last delivery failed: {self.run.last_error}"
        if self.run.tracker == TrackerName.WANDB and self.run.experiment.is_active:
            return "The offline run is written when this run ends."
        return "Waiting for its turn; deliveries run every few seconds."


@dataclass(frozen=True)
class TrackerChoice:
    """One tracker as the training form offers it."""

    key: str
    label: str
    tone: str
    words: str


def mirrors_of(experiment: Experiment) -> list[Mirror]:
    """Two queries."""
    waiting = Count("outbox", filter=Q(outbox__delivered_at__isnull=True))
    rows = TrackerRun.objects.filter(experiment=experiment).select_related("experiment").annotate(waiting=waiting)
    health = {row.tracker: row for row in TrackerHealth.objects.all()}
    return [Mirror(row, row.waiting, health.get(row.tracker)) for row in rows.order_by("tracker")]


def tracker_choices() -> list[TrackerChoice]:
    """What is known of each tracker without asking it: one query."""
    health = {row.tracker: row for row in TrackerHealth.objects.all()}
    return [_choice(name, health.get(name.value)) for name in TrackerName]


def _choice(name: TrackerName, health: TrackerHealth | None) -> TrackerChoice:
    if name is TrackerName.WANDB and not settings.WANDB_API_KEY:
        words = "Offline: runs are kept on this machine until WANDB_API_KEY is set."
        return TrackerChoice(name.value, str(name.label), "neutral", words)
    if health is None or (health.last_ok_at is None and not health.failures):
        return TrackerChoice(name.value, str(name.label), "neutral", "Nothing was delivered yet.")
    if health.failures:
        return TrackerChoice(
            name.value, str(name.label), "warning", "Does not answer. Runs go on, and are sent when it does."
        )
    return TrackerChoice(name.value, str(name.label), "good", "Reachable at the last delivery.")
