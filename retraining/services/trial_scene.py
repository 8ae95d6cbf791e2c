"""Who took part in a trial and when, from the rows of deployments: what is asked of the log, and which users of it were
to be expected where."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from experiments.models import Deployment
from experiments.services import traffic
from monitoring.models import MonitoringSettings, Source
from monitoring.services.window_rows import liked_from
from retraining.models import Trial, TrialArm
from retraining.services.trial_ends import role_of
from retraining.services.trial_rows import ArmFound, ArmRows, Question
from retraining.services.trial_terms import TrialTerms

SETTLING = dt.timedelta(seconds=5)
"""After its start a trial counts nothing: processes learn of new deployments within two seconds, and until then users
of a variant are answered by the champion."""


@dataclass(frozen=True)
class Scene:
    """``arms`` begin with the control. ``shares``: by stretch between the question's borders, by number of the arm."""

    arms: tuple[TrialArm, ...]
    rows: tuple[ArmRows, ...]
    asked: Question
    shares: tuple[dict[str, float], ...]

    @property
    def control(self) -> TrialArm:
        return self.arms[0]


def scene_of(trial: Trial, now: dt.datetime) -> Scene:
    """Of a trial that was started, as it stands at ``now``. Raises ValueError for a draft."""
    if trial.started_at is None:
        raise ValueError(f"{trial.name} was not started, so there is nothing to read.")
    arms = tuple(trial.arms.select_related("version__dataset", "version__experiment", "deployment"))
    until = min(now, trial.ended_at or now)
    since = trial.started_at + SETTLING
    beside = _beside(trial, until)
    rows = tuple(_rows(trial, arm, since, until, beside) for arm in arms)
    moments = {moment for one in beside for moment in (one.started_at, one.ended_at or until)}
    borders = tuple(sorted(one for one in moments if since < one < until))
    shares = tuple(_shares(arms, beside, moment) for moment in (since, *borders))
    return Scene(arms, rows, _asked(trial, arms[0], borders), shares)


def expected(scene: Scene, found: dict[str, ArmFound]) -> dict[str, float]:
    """By arm, the users that its shares made one expect, of those who came in each stretch; above 0 always.

    Of a trial whose shares nobody changed these are its shares.
    """
    planned = {one.version.number: one.share for one in scene.arms}
    if len(scene.shares) == 1:
        return planned
    users = dict.fromkeys(planned, 0.0)
    for place, shares in enumerate(scene.shares):
        came = sum(found[number].first_seen[place] for number in planned)
        whole = math.fsum(shares.values())
        for number, share in shares.items():
            users[number] += came * share / whole if whole else 0.0
    whole = math.fsum(users.values())
    return {number: max(one / whole, 1e-9) for number, one in users.items()} if whole else planned


def _beside(trial: Trial, until: dt.datetime) -> list[Deployment]:
    """Whoever took users from the champion since it started."""
    still = Q(ended_at__isnull=True) | Q(ended_at__gt=trial.started_at)
    rows = Deployment.objects.filter(still, model=trial.model_id, role__in=traffic.SHARING, started_at__lt=until)
    return list(rows.order_by("started_at", "pk"))


def _rows(trial: Trial, arm: TrialArm, since: dt.datetime, until: dt.datetime, beside: Sequence[Deployment]) -> ArmRows:
    number = arm.version.number
    if arm.is_control:
        ended = arm.deployment.ended_at if arm.deployment is not None else None
        return ArmRows(number, _sources(trial, arm, Source.As.CHAMPION), since, min(until, ended or until))
    mine = [one for one in beside if one.version_id == arm.version_id and one.role == role_of(trial)]
    over = bool(mine) and all(one.ended_at is not None for one in mine)
    end = max((one.ended_at or until for one in mine), default=until)
    return ArmRows(number, _sources(trial, arm, role_of(trial)), since, min(until, end), over and end < until)


def _sources(trial: Trial, arm: TrialArm, role: str) -> tuple[int, ...]:
    rows = Source.objects.filter(model=trial.model_id, version=arm.version_id, role=role)
    return tuple(rows.order_by("pk").values_list("pk", flat=True))


def _shares(arms: Sequence[TrialArm], beside: Sequence[Deployment], moment: dt.datetime) -> dict[str, float]:
    """What each arm has of the users from a moment on."""
    running = [one for one in beside if one.started_at <= moment and (one.ended_at is None or one.ended_at > moment)]
    shares = {
        arm.version.number: math.fsum(one.share for one in running if one.version_id == arm.version_id)
        for arm in arms
        if not arm.is_control
    }
    control = next(arm for arm in arms if arm.is_control)
    return {control.version.number: traffic.champion_share(running)} | shares


def _asked(trial: Trial, control: TrialArm, borders: tuple[dt.datetime, ...]) -> Question:
    """What is positive is said by the control's rule for all arms: by two rules nothing would be compared."""
    prices = MonitoringSettings.objects.filter(model=trial.model_id).first() or MonitoringSettings()
    return Question(
        metric=trial.metric,
        liked_from=liked_from(Source(version=control.version)),
        slow_ms=TrialTerms.of(trial).guards.slow_ms,
        prices=(prices.price_false_positive, prices.price_false_negative),
        borders=borders,
        control=control.version.number,
    )
