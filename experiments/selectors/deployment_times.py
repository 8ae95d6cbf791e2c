"""When which version answered: a table and a picture with one lane a version, placed on one line of time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from experiments.models import Deployment, ModelVersion, RegisteredModel

MOST = 100
LANES = 12
DAY = 86_400.0
LEAST_PERCENT = 0.4
"""A bar is never thinner than this, so that a deployment of minutes in a year can be seen."""


@dataclass(frozen=True)
class Bar:
    """A deployment on its lane; left and width in percent of the picture."""

    deployment: Deployment
    left: float
    width: float

    @property
    def is_live(self) -> bool:
        return self.deployment.ended_at is None


@dataclass(frozen=True)
class Lane:
    version: ModelVersion
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Mark:
    """A label of the time axis at ``left`` percent."""

    left: float
    at: dt.datetime


@dataclass(frozen=True)
class DeploymentTimes:
    """``deployments`` the newest first, at most MOST; ``total`` counts all; ``asked``: a moment, in percent."""

    deployments: tuple[Deployment, ...]
    total: int
    lanes: tuple[Lane, ...] = ()
    marks: tuple[Mark, ...] = ()
    asked: float | None = None
    axis: str = "j M Y"
    """How times are written along the axis (Django's date filter): to the day, the minute or the second."""


def deployment_times(model: RegisteredModel, asked: dt.datetime | None = None) -> DeploymentTimes:
    """Two queries. ``asked`` is a moment to mark, where it lies within the picture."""
    rows = Deployment.objects.filter(model=model)
    found = tuple(rows.select_related("version", "started_by", "ended_by").order_by("-started_at", "-id")[:MOST])
    if not found:
        return DeploymentTimes((), 0)
    now = timezone.now()
    start = min(one.started_at for one in found)
    span = max((now - start).total_seconds(), 1.0)

    def place(moment: dt.datetime) -> float:
        return round(100 * min(1.0, max(0.0, (moment - start).total_seconds() / span)), 2)

    lanes: dict[object, list[Bar]] = {}
    versions: dict[object, ModelVersion] = {}
    for one in found:
        left = place(one.started_at)
        width = max(LEAST_PERCENT, round(place(one.ended_at or now) - left, 2))
        lanes.setdefault(one.version_id, []).append(Bar(one, min(left, 100 - LEAST_PERCENT), width))
        versions[one.version_id] = one.version
    shown = [Lane(versions[pk], tuple(bars)) for pk, bars in list(lanes.items())[:LANES]]
    marks = tuple(Mark(25.0 * step, start + (now - start) * (step / 4)) for step in range(5))
    within = asked is not None and start <= asked <= now
    return DeploymentTimes(
        deployments=found,
        total=len(found) if len(found) < MOST else rows.count(),
        lanes=tuple(shown),
        marks=marks,
        asked=place(asked) if asked and within else None,
        axis="j M Y" if span > 4 * DAY else "j M H:i" if span > 1200 else "H:i:s",
    )


def lasted(one: Deployment) -> dt.timedelta:
    """How long it answered, up to now where it still does."""
    return (one.ended_at or timezone.now()) - one.started_at
