"""Drives one tour through its steps. Each step is a row, found again by its key: killed anywhere, the next driver goes
on with the first step that is not done, and steps find what they had begun by keys of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

import structlog
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from experiments.models import Dataset, DatasetImport, RegisteredModel
from experiments.services import locks
from mlopspro.accounts.models import Membership, User, Workspace
from mlopspro.accounts.permissions import Role, Scope
from mlopspro.accounts.services import keys
from mlopspro.serving.replay.door_http import HttpDoor
from mlopspro.tour.course import Course
from mlopspro.tour.scene import Scene, Step, StepFailed
from mlopspro.tour.steps import STEPS
from mlopspro.tour.story import story
from mlopspro.tour.visitors import Visitors
from mlopspro.tour.world import Season, World
from retraining.models import Tour, TourStep

log = structlog.get_logger(__name__)
LOCK_CLASS = 0x746F
"""Class of the locks under which a workspace's tour is driven."""
NAME = "Films"
KEY_HOURS = 2
LINGER_RATE = 3.0
LINGER_SECONDS = 180.0
"""People go on coming gently for so long after the end, so that pages move."""
Tell = Callable[[str], None]


class AlreadyDriven(Exception):
    """Another process drives the tour of this workspace."""


def newest(workspace: Workspace) -> Tour | None:
    return Tour.objects.filter(workspace=workspace).first()


def begin(workspace: Workspace, *, again: bool = False) -> Tour:
    """The tour to drive: the one that is under way or failed, the one that is done, or, ``again``, a new one.

    ``again`` leaves one that was interrupted where it is. Raises AlreadyDriven where it is not interrupted.
    """
    known = newest(workspace)
    if known is not None and not again:
        return known
    if known is not None and known.state == Tour.State.RUNNING:
        _leave(known)
    with transaction.atomic():
        tour = Tour.objects.create(workspace=workspace, facts={"name": _free_name(workspace)})
        TourStep.objects.bulk_create(
            TourStep(tour=tour, number=number, key=step.key, title=step.title, evidence={"why": step.why})
            for number, step in enumerate(STEPS, 1)
        )
    return tour


def run(
    tour: Tour,
    *,
    base_url: str,
    tell: Tell,
    linger: float = LINGER_SECONDS,
    sleep: Callable[[float], None] | None = None,
) -> Tour:
    """Every step that is not done, then ``linger`` seconds of gentle traffic. ``tell`` is given a line a step.

    A step that fails ends the tour with its words; run again, it is tried again. Raises AlreadyDriven.
    """
    with locks.held(LOCK_CLASS, tour.workspace_id.int) as got:
        if not got:
            raise AlreadyDriven("A tour of this workspace is under way in another process.")
        Tour.objects.filter(pk=tour.pk).update(state=Tour.State.RUNNING, ended_at=None, sentence="")
        tour.refresh_from_db()
        with _scene(tour, base_url, tell) as scene:
            if sleep is not None:
                scene.sleep = sleep
            _resume(scene)
            if all(_carried_out(scene, step) for step in STEPS):
                _end(tour, Tour.State.DONE, story(tour.facts))
                tell(tour.sentence)
                _linger(scene, linger)
    return tour


def _leave(tour: Tour) -> None:
    with locks.held(LOCK_CLASS, tour.workspace_id.int) as got:
        if not got:
            raise AlreadyDriven("A tour of this workspace is under way in another process.")
        _end(tour, Tour.State.FAILED, "It was left where it was, for another one.")


@contextmanager
def _scene(tour: Tour, base_url: str, tell: Tell) -> Iterator[Scene]:
    """With an API key that ends with the tour, and nobody left at the door afterwards."""
    workspace = tour.workspace
    owner = _owner(workspace)
    until = timezone.now() + dt.timedelta(hours=KEY_HOURS)
    made = keys.create_key(
        owner=owner, workspace=workspace, name="Tour", scopes=[Scope.SERVE, Scope.LOG], expires_at=until, actor=owner
    )
    world = World()
    scene = Scene(
        tour=tour, workspace=workspace, owner=owner, base_url=base_url.rstrip("/"), token=made.token, world=world,
        visitors=Visitors(world, lambda: _door(scene), first=int(tour.facts.get("visits", 0)), name=f"tour-{tour.pk}"),
        course=Course(tour.facts.get("model")), tell=tell,
    )  # fmt: skip
    try:
        yield scene
    finally:
        scene.visitors.stop()
        # Whoever interrupts it may do so in the middle of a query; should the database be gone, the key ends by itself.
        connection.close()
        with suppress(DatabaseError):
            keys.revoke_key(made.key, owner, "The tour is over.")


def _door(scene: Scene) -> HttpDoor:
    return HttpDoor(scene.base_url, scene.token, model=str(scene.facts["model"]))


def _owner(workspace: Workspace) -> User:
    """In whose name the tour acts: the workspace's first administrator."""
    rows = Membership.objects.filter(workspace=workspace, role=Role.ADMINISTRATOR, user__is_active=True)
    found = rows.select_related("user").order_by("user__created_at").first()
    if found is None:
        raise StepFailed(f"{workspace} has no administrator in whose name the tour could act.")
    return found.user


def _resume(scene: Scene) -> None:
    """People who came when the last driver ended come again, with the wishes they had."""
    from mlopspro.tour.steps import change, visitors

    if "drift_at" in scene.facts:
        scene.visitors.come(change.RATE, Season.AFTER)
    elif "live_at" in scene.facts:
        scene.visitors.come(visitors.RATE, Season.BEFORE)


def _carried_out(scene: Scene, step: Step) -> bool:
    row = scene.tour.steps.get(key=step.key)
    if row.state == TourStep.State.DONE:
        return True
    row.state, row.sentence, row.progress = TourStep.State.RUNNING, "", None
    row.started_at, row.ended_at = row.started_at or timezone.now(), None  # also where it is tried again
    row.save()
    scene.begin(row, step.limit)
    scene.tell(f"{step.title} …")
    try:
        outcome = step.run(scene)
    except StepFailed as error:
        return _failed(scene, row, str(error))
    except Exception as error:  # whatever it is: the page says at which step and why, and the stack runs on
        log.exception("tour step failed", step=step.key)
        return _failed(scene, row, f"{type(error).__name__}: {error}"[:500])
    links = [asdict(one) for one in outcome.links]
    _finish(row, TourStep.State.DONE, outcome.sentence, {"links": links})
    scene.tell(f"  {outcome.sentence} ({_seconds(row):.0f} s)")
    return True


def _failed(scene: Scene, row: TourStep, why: str) -> bool:
    _finish(row, TourStep.State.FAILED, why, {})
    _end(scene.tour, Tour.State.FAILED, f"{row.title}: {why}")
    scene.tell(f"  It did not succeed: {why}")
    return False


def _finish(row: TourStep, state: str, sentence: str, evidence: dict[str, Any]) -> None:
    row.state, row.sentence, row.progress, row.ended_at = state, sentence, None, timezone.now()
    row.evidence = row.evidence | evidence
    row.save()


def _end(tour: Tour, state: str, sentence: str) -> None:
    tour.state, tour.sentence, tour.ended_at = state, sentence, timezone.now()
    tour.save(update_fields=["state", "sentence", "ended_at"])


def _linger(scene: Scene, seconds: float) -> None:
    """So that what the pages show goes on moving for a while."""
    if seconds <= 0:
        return
    scene.visitors.come(LINGER_RATE, Season.AFTER)
    until = timezone.now() + dt.timedelta(seconds=seconds)
    while timezone.now() < until and not scene.visitors.trouble:
        scene.tick()
        scene.sleep(1.0)


def _seconds(row: TourStep) -> float:
    if row.started_at is None or row.ended_at is None:
        return 0.0
    return (row.ended_at - row.started_at).total_seconds()


def _free_name(workspace: Workspace) -> str:
    """Of data and model alike: Films, Films 2, …"""
    taken = {
        *Dataset.objects.filter(workspace=workspace).values_list("name", flat=True),
        *DatasetImport.objects.filter(workspace=workspace).values_list("name", flat=True),
        *RegisteredModel.objects.filter(workspace=workspace).values_list("name", flat=True),
    }
    number = 1
    while (name := NAME if number == 1 else f"{NAME} {number}") in taken:
        number += 1
    return name
