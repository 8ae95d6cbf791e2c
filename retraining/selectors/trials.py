"""Trials as pages and the API show them: lists, and one with its arms, newest reading and course. Constant queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet

from experiments.models import Deployment, RegisteredModel
from experiments.services.deployments import champion
from mlopspro.accounts.models import Workspace
from retraining.models import Trial, TrialArm, TrialReading
from retraining.services.trial_ends import UNREAD
from retraining.services.trial_metrics import MetricSpec, spec_of
from retraining.services.trial_terms import TrialTerms

MOST_POINTS = 200


@dataclass(frozen=True)
class ArmView:
    """``read``: its part of the newest reading's ``arms``, {} where there is none; ``compared``: of a variant, its part
    of the verdict's ``variants`` (difference and guard-rails). ``answering``: users are given it now."""

    number: str
    version_id: Any
    version: Any
    share: float
    control: bool
    answering: bool
    read: dict[str, Any]
    compared: dict[str, Any]

    @property
    def stopped(self) -> str:
        """Why it was taken out before the end; empty as a rule."""
        return str(self.read.get("stopped", ""))


@dataclass(frozen=True)
class Against:
    """A variant against the control at one reading; None where nothing could be said. ``users``: of both."""

    difference: float | None
    low: float | None
    high: float | None
    users: int


@dataclass(frozen=True)
class CoursePoint:
    """By number of the variant."""

    at: dt.datetime
    variants: dict[str, Against]


@dataclass(frozen=True)
class TrialView:
    """``verdict``: as it stands now, or stood at the end; ``UNREAD`` where it was never read. Arms begin with the
    control; of a draft that is the version in production now, if any."""

    trial: Trial
    arms: tuple[ArmView, ...]
    reading: TrialReading | None
    verdict: dict[str, Any]
    course: tuple[CoursePoint, ...]
    metric: MetricSpec
    terms: TrialTerms

    @property
    def variants(self) -> tuple[ArmView, ...]:
        return tuple(one for one in self.arms if not one.control)

    @property
    def control(self) -> ArmView | None:
        return next((one for one in self.arms if one.control), None)

    @property
    def can_promote(self) -> bool:
        """A variant has won and the trial still runs."""
        number = self.verdict["winner"]
        return self.trial.state == Trial.State.RUNNING and number in {one.number for one in self.variants}


def of_workspace(workspace: Workspace) -> QuerySet[Trial]:
    """The newest first; ``verdict`` of each is its newest reading's ({} before the first). Two queries."""
    return _rows().filter(model__workspace=workspace)


def of_model(model: RegisteredModel) -> QuerySet[Trial]:
    return _rows().filter(model=model)


def detail(trial: Trial) -> TrialView:
    """Six queries, whatever its length."""
    row = Trial.objects.select_related("model__workspace", "created_by", "winner").get(pk=trial.pk)
    reading = row.readings.order_by("-at").first()
    verdict = UNREAD | (reading.verdict if reading is not None else {}) | row.verdict
    arms = list(row.arms.select_related("version"))
    busy = set(
        Deployment.objects.filter(version__in=[one.version_id for one in arms], ended_at__isnull=True).values_list(
            "version_id", flat=True
        )
    )
    read = {one["version"]: one for one in (reading.arms if reading is not None else [])}
    compared = {one["name"]: one for one in verdict["variants"]}
    views = [
        ArmView(
            one.version.number,
            one.version_id,
            one.version,
            one.share,
            one.is_control,
            row.state == Trial.State.RUNNING and one.version_id in busy,
            read.get(one.version.number, {}),
            compared.get(one.version.number, {}),
        )
        for one in arms
    ]
    if row.state == Trial.State.DRAFT and (live := champion(row.model)) is not None:
        left = max(0.0, 1.0 - sum(one.share for one in arms))
        views.insert(0, ArmView(live.number, live.pk, live, left, True, True, {}, {}))
    return TrialView(row, tuple(views), reading, verdict, _course(row), spec_of(row.metric), TrialTerms.of(row))


def _rows() -> QuerySet[Trial]:
    arms = Prefetch("arms", TrialArm.objects.select_related("version"))
    return Trial.objects.select_related("model", "winner", "created_by").prefetch_related(arms)


def _course(trial: Trial) -> tuple[CoursePoint, ...]:
    """Evenly chosen among all readings, the newest always among them. Two queries."""
    known = list(trial.readings.order_by("at").values_list("pk", flat=True))
    step = max(1, -(-len(known) // MOST_POINTS))
    chosen = known[::-1][::step]
    rows = TrialReading.objects.filter(pk__in=chosen).order_by("at").values_list("at", "verdict__variants", "arms")
    return tuple(CoursePoint(at, _against(variants or [], arms)) for at, variants, arms in rows)


def _against(variants: list[dict[str, Any]], arms: list[dict[str, Any]]) -> dict[str, Against]:
    users = {one["version"]: one["users"] for one in arms}
    control = next((one["users"] for one in arms if one["control"]), 0)
    found = {}
    for one in variants:
        told = one["difference"]
        both = users.get(one["name"], 0) + control
        found[one["name"]] = Against(told["value"], told["low"], told["high"], both)
    return found
