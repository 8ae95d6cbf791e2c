"""A model in production with checks that say what a test wants: rows as the judge writes them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone

from experiments.models import ModelVersion, RegisteredModel
from experiments.tests.versions import make_live, make_version_row
from mlopspro.accounts.models import Workspace
from monitoring.models import Check, Finding
from retraining.services import policies


def live_model(workspace: Workspace, name: str = "Films") -> ModelVersion:
    version = make_version_row(workspace, name)
    make_live(version)
    return version


def make_check(
    model: RegisteredModel,
    area: str,
    score: float | None,
    *,
    at: dt.datetime | None = None,
    findings: dict[str, tuple[float, int]] | None = None,
    verdict: str = "ok",
) -> Check:
    """``findings``: {signal: (value, sample)}."""
    moment = at or timezone.now()
    check = Check.objects.create(
        model=model, area=area, start=moment - dt.timedelta(days=1), end=moment, at=moment, verdict=verdict,
        sentence="As a test says.", score=score,
    )  # fmt: skip
    for signal, (value, sample) in (findings or {}).items():
        Finding.objects.create(
            check_of=check, signal=signal, statistic="of a test", value=value, current_size=sample, verdict=verdict
        )
    return check


def well(model: RegisteredModel, at: dt.datetime | None = None) -> None:
    """Everything that is judged from traffic is measured and fine."""
    make_check(model, "quality", 0.99, at=at, findings={"ndcg_at_10": (0.4, 900), "f1_instability": (0.05, 12)})
    make_check(model, "cost", 20.0, at=at, findings={"cost_per_1000": (20.0, 900)})
    make_check(model, "drift", 0.05, at=at, findings={"scores": (0.01, 5000)})


def drifted(model: RegisteredModel, score: float = 0.5, at: dt.datetime | None = None) -> Check:
    return make_check(model, "drift", score, at=at, findings={"scores": (0.4, 5000)}, verdict="act")


def agree(model: RegisteredModel, **changes: Any) -> None:
    """Changes of the policy, with "__" for the dots of names."""
    policies.change(model, {name.replace("__", "."): value for name, value in changes.items()}, actor=None)
