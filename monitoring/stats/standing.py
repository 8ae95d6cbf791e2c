"""Is the model well? One ordered scale (decision D4) from the verdicts of its checks."""

from __future__ import annotations

from enum import Enum


class Status(Enum):
    """ "Not enough data" and "stale" are answers of their own, never "healthy"."""

    HEALTHY = ("healthy", "Healthy", "good", "circle-check")
    WATCH = ("watch", "Watch", "warning", "eye")
    DEGRADED = ("degraded", "Degraded", "bad", "triangle-alert")
    STALE = ("stale", "Stale", "warning", "clock")
    NOT_ENOUGH = ("not_enough", "Not enough data", "neutral", "circle-dashed")

    def __init__(self, key: str, label: str, tone: str, icon: str) -> None:
        self.key, self.label, self.tone, self.icon = key, label, tone, icon

    @property
    def severity(self) -> int:
        """The higher, the sooner somebody should look."""
        return _SEVERITY.index(self)


_SEVERITY = (Status.HEALTHY, Status.NOT_ENOUGH, Status.WATCH, Status.STALE, Status.DEGRADED)
_BY_QUALITY = {"ok": Status.HEALTHY, "watch": Status.WATCH, "act": Status.DEGRADED}


def status_of(quality: str | None, freshness: str | None) -> Status:
    """From the newest verdicts of both areas: ok, watch, act, not_enough, or None where nothing was judged.

    Without traffic nothing recent can be said, so stale comes before any figure of quality.
    """
    if freshness == "act":
        return Status.STALE
    return _BY_QUALITY.get(quality or "", Status.NOT_ENOUGH)
