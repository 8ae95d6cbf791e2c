"""Readings of running trials: the log summed up by user, judged, and kept as a row; harm is stopped at once.

A reading at a moment is one row. The log is read outside every lock; the row, what the verdict stops and when the next
reading comes are one transaction. A trial that somebody else brought to its end ends here, with a sentence of why.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import structlog
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from experiments.models import Deployment
from experiments.models.job import JobStateError
from experiments.services import locks
from experiments.services.deployments import champion
from mlopspro.accounts.services import audit
from retraining.models import Trial, TrialReading
from retraining.services import trial_ends, trial_rows
from retraining.services.trial_ends import State
from retraining.services.trial_scene import Scene, scene_of
from retraining.services.trial_verdicts import arms_of, verdict_of

log = structlog.get_logger(__name__)
LOCK_CLASS = 0x7472_69
"""Class of the locks under which a trial is read: one reader at a time."""
SHORTEST = dt.timedelta(seconds=60)
TIMES_LONGER = 20
"""So many times what a reading took passes until the next: a trial costs 5 % of a process at most."""
AFTER_TROUBLE = dt.timedelta(minutes=5)
DENSE = dt.timedelta(days=2)
"""Older readings are thinned to the last one of each hour."""


def fresh(trial: Trial) -> Trial:
    return Trial.objects.select_related("model__workspace").get(pk=trial.pk)


def read(trial: Trial, now: dt.datetime | None = None) -> TrialReading:
    """Reads it and stops what harms. The same moment again is the same row.

    Raises JobStateError: it does not run, or is read by somebody else now; OperationalError: the log did not answer in
    time.
    """
    with locks.held(LOCK_CLASS, trial.pk.int) as got:
        if not got:
            raise JobStateError(f"{trial.name} is being read now; its reading comes in a moment.")
        return _read(fresh(trial), now or timezone.now())


def read_due(seconds: float, now: dt.datetime | None = None) -> int:
    """Every running trial whose time has come, the longest waiting first, for about ``seconds``; returns how many
    readings were made. What goes wrong with one holds up no other and is written down as its trouble."""
    moment = now or timezone.now()
    deadline = time.monotonic() + seconds
    made = 0
    due = Q(next_reading_at__isnull=True) | Q(next_reading_at__lte=moment)
    for trial in Trial.objects.filter(due, state=State.RUNNING).order_by("next_reading_at", "pk"):
        try:
            made += _turn(trial, moment)
        except JobStateError:
            log.info("trial changed meanwhile", trial=str(trial.pk))
        except Exception as error:  # whatever it is: it is this trial's trouble, and holds up no other
            log.exception("trial reading failed", trial=str(trial.pk))
            _trouble(trial, error, moment)
        if time.monotonic() >= deadline:
            break
    return made


def overtaken(trial: Trial) -> str:
    """Why a running trial cannot go on: somebody else ended what it compares; empty as a rule."""
    arms = list(trial.arms.select_related("version", "deployment"))
    control = next(arm for arm in arms if arm.is_control)
    live = champion(trial.model)
    if live is None:
        return "Nothing is in production any more."
    if live.pk != control.version_id:
        mine = any(arm.version_id == live.pk for arm in arms)
        return f"{live.number} was promoted by hand." if mine else f"{live.number} went into production meanwhile."
    if control.deployment is not None and control.deployment.ended_at is not None:
        return f"{control.version.number} left production and came back, so users were answered by another version."
    variants = [arm for arm in arms if not arm.is_control]
    if any(trial_ends.answering(trial, arm) is not None for arm in variants):
        return ""
    ended = Deployment.objects.filter(version__in=[arm.version_id for arm in variants], role=trial_ends.role_of(trial))
    last = ended.select_related("version", "ended_by").order_by("-ended_at").first()
    by = f" by {last.ended_by}" if last is not None and last.ended_by is not None else ""
    numbers = ", ".join(arm.version.number for arm in variants)
    return f"No variant answers users any more: {numbers} {'was' if len(variants) == 1 else 'were'} ended{by}."


def _turn(trial: Trial, now: dt.datetime) -> int:
    """A reading, and the end where somebody brought it about."""
    with locks.held(LOCK_CLASS, trial.pk.int) as got:
        if not got:
            return 0
        row = fresh(trial)
        if row.state != State.RUNNING:
            return 0
        why = overtaken(row)
        _read(row, now)
        if why:
            with trial_ends.locked(row) as held:
                if held.state == State.RUNNING:
                    trial_ends.end(held, why, actor=None)
        _thin(row, now)
    return 1


def _read(row: Trial, now: dt.datetime) -> TrialReading:
    trial_ends.require(row, State.RUNNING, "read")
    if known := row.readings.filter(at=now).first():
        return known
    begun = time.monotonic()
    scene = scene_of(row, now)
    before = row.readings.filter(at__lt=now).order_by("-at").first()
    found = trial_rows.read(row.model.workspace_id, scene.rows, scene.asked)
    verdict = verdict_of(row, scene, found, now, before.verdict if before is not None else None)
    stopped = _stopped(scene, before)
    arms = arms_of(scene, found, stopped)
    took = time.monotonic() - begun
    verdict["seconds"] = round(took, 3)
    return _write(row, scene, now, arms, verdict, max(SHORTEST, TIMES_LONGER * dt.timedelta(seconds=took)))


def _write(
    trial: Trial,
    scene: Scene,
    now: dt.datetime,
    arms: list[dict[str, Any]],
    verdict: dict[str, Any],
    pause: dt.timedelta,
) -> TrialReading:
    with trial_ends.locked(trial) as row:
        trial_ends.require(row, State.RUNNING, "read")
        _stop_harm(row, scene, arms, verdict)
        made, _ = TrialReading.objects.get_or_create(trial=row, at=now, defaults={"arms": arms, "verdict": verdict})
        row.verdict, row.trouble, row.next_reading_at = verdict, "", now + pause
        row.save(update_fields=["verdict", "trouble", "next_reading_at"])
        if verdict["harmful"] and all(arm["stopped"] for arm in arms if not arm["control"]):
            trial_ends.end(
                row, "Every variant was stopped, as it did harm; all users are with the champion.", actor=None
            )
    return made


def _stop_harm(row: Trial, scene: Scene, arms: list[dict[str, Any]], verdict: dict[str, Any]) -> None:
    """Harmful variants stop, and the reading says why."""
    told = {one["version"]: one for one in arms}
    for arm in scene.arms:
        number = arm.version.number
        if number not in verdict["harmful"]:
            continue
        why = _harm(number, verdict)
        if not trial_ends.withdraw(row, arm, actor=None, reason=f"Trial {row.name}: {why}"[:500]):
            continue
        told[number]["stopped"] = why
        audit.record(
            action="stop_trial_variant",
            workspace=row.model.workspace,
            obj=row,
            label=f"{number} in {row.name} of {row.model.name}",
            after={"version": number, "sentence": why},
        )


def _harm(number: str, verdict: dict[str, Any]) -> str:
    compared = next(one for one in verdict["variants"] if one["name"] == number)
    broken = [one["sentence"] for one in compared["guards"] if one["state"] == "breach"]
    return " ".join(broken) or f"{number} is significantly worse than the control."


def _stopped(scene: Scene, before: TrialReading | None) -> dict[str, str]:
    """Why variants do not answer any more, by number: as it was said then, or that somebody ended them."""
    known = {one["version"]: one["stopped"] for one in (before.arms if before is not None else [])}
    found = {}
    for one in scene.rows:
        if one.stopped:
            found[one.number] = known.get(one.number) or f"Somebody ended it at {one.until:%Y-%m-%d %H:%M} UTC."
    return found


def _trouble(trial: Trial, error: Exception, now: dt.datetime) -> None:
    said = f"{type(error).__name__}: {error}".strip()[:500]
    rows = Trial.objects.filter(pk=trial.pk, state=State.RUNNING)
    try:
        rows.update(trouble=said, next_reading_at=now + AFTER_TROUBLE)
    except Exception:  # the database, most likely: the next round reads the trial again
        log.exception("trouble of a trial could not be written down", trial=str(trial.pk))


_THIN = """
DELETE FROM retraining_trialreading WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY date_trunc('hour', at, 'UTC') ORDER BY at DESC) AS place
        FROM retraining_trialreading WHERE trial_id = %s AND at < %s
    ) AS ranked WHERE place > 1)"""


def _thin(trial: Trial, now: dt.datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_THIN, [trial.pk, now - DENSE])
