"""Tours for tests of pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from mlopspro.accounts.models import Workspace
from mlopspro.tour.steps import STEPS
from retraining.models import Tour, TourStep


def make_tour(workspace: Workspace, done: int = 0, *, state: str = "running", failed: str = "", **facts: Any) -> Tour:
    """A tour of which so many steps are done; the next one is under way, or failed with these words."""
    now = timezone.now()
    tour = Tour.objects.create(
        workspace=workspace, state=state, facts={"name": "Films", "alive": now.isoformat(), **facts},
        started_at=now - dt.timedelta(seconds=90), ended_at=None if state == "running" else now,
    )  # fmt: skip
    for number, step in enumerate(STEPS, 1):
        stands = "done" if number <= done else "waiting"
        if number == done + 1 and state == "running":
            stands = "running"
        if number == done + 1 and failed:
            stands = "failed"
        begun = now - dt.timedelta(seconds=5) if stands != "waiting" else None
        TourStep.objects.create(
            tour=tour, number=number, key=step.key, title=step.title, state=stands,
            sentence=failed if stands == "failed" else f"{step.key} is {stands}" if begun else "",
            evidence={"why": step.why, "links": [{"label": "Here", "url": "/models/"}] if stands == "done" else []},
            started_at=begun, ended_at=now if stands in ("done", "failed") else None,
        )  # fmt: skip
    return tour
