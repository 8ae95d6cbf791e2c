"""Runs that were launched to become a version: registered when they complete, and promoted where that was asked for.

There is no list of its own to get out of step: what is to do follows from the rows. A completed run with
``register_as`` and no version yet is registered; a version whose run asked for ``auto_promote`` is promoted, or the
reason why not is written to the run's log, which is also how a decision is known to be made. Each step is one
transaction, so a worker may be killed anywhere and two may start at once.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from django.db import Error as DatabaseProblem
from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from experiments.jobs.lifecycle import note
from experiments.models import Experiment, JobStatus, LogLine, ModelVersion, RunType, Stage, StageChange
from experiments.models.job import JobStateError
from experiments.services import locks, promotion, registry, version_files
from experiments.services.promotion import PromotionRefused
from experiments.services.registrable import problems_with
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.permissions import Action, can

log = structlog.get_logger(__name__)

TRIED_FOR = dt.timedelta(days=7)
"""What cannot be registered is tried again for so long (its recipe may yet be approved), then left."""
DECIDED = "Promotion was asked for: "
"""How the line in the run's log begins that says what came of ``auto_promote``."""
REFUSED = "Not registered: "
SWEEP_EVERY_SECONDS = 600.0
_last_swept = float("-inf")


def register_pending(seconds: float) -> int:
    """Does what is to do, for at most about ``seconds``; returns how many runs were registered or decided upon.

    One process at a time does, others return at once.
    """
    deadline = time.monotonic() + seconds
    done = 0
    with locks.held(locks.REGISTRATIONS, 0) as got:
        if not got:
            return 0
        for run in waiting():
            done += _dealt_with(_register, run)
            if time.monotonic() >= deadline:
                return done
        for version in undecided():
            done += _dealt_with(_decide, version)
            if time.monotonic() >= deadline:
                return done
        _sweep_now_and_then()
    return done


def waiting() -> QuerySet[Experiment]:
    """Completed runs that are to become a version and are none yet, the oldest first."""
    version = ModelVersion.objects.filter(experiment=OuterRef("pk"), model=OuterRef("register_as"))
    rows = Experiment.objects.filter(
        register_as__isnull=False,
        run_type=RunType.TRAIN,
        status=JobStatus.COMPLETED,
        finished_at__gte=timezone.now() - TRIED_FOR,
        deleted_at__isnull=True,
    ).exclude(Exists(version))
    related = rows.select_related("workspace", "created_by", "register_as", "dataset", "recipe_version__recipe")
    return related.order_by("finished_at", "pk")


def undecided() -> QuerySet[ModelVersion]:
    """Versions whose run asked for their promotion, upon which nobody has decided yet."""
    said = LogLine.objects.filter(experiment=OuterRef("experiment"), message__startswith=DECIDED)
    moved = StageChange.objects.filter(version=OuterRef("pk")).exclude(kind=StageChange.Kind.REGISTERED)
    rows = ModelVersion.objects.filter(
        experiment__auto_promote=True,
        experiment__register_as=F("model"),
        stage=Stage.DEVELOPMENT,
        created_at__gte=timezone.now() - TRIED_FOR,
    )
    related = rows.exclude(Exists(said)).exclude(Exists(moved)).select_related("model__workspace")
    return related.select_related("experiment__created_by", "experiment__workspace").order_by("created_at", "pk")


def _dealt_with(act: Callable[[Any], bool], row: Experiment | ModelVersion) -> int:
    """Whether it was; what goes wrong with one row holds up no other."""
    try:
        return int(act(row))
    except DatabaseProblem:
        raise
    except Exception:  # logged and tried again by the sweep; the other rows go on
        log.exception("registration failed", row=str(row.pk))
        return 0


def _register(run: Experiment) -> bool:
    actor, model = run.created_by, run.register_as
    if model is None:
        return False
    if problems := _lacking(run, Action.REGISTER_MODEL) or problems_with(run, model):
        return _say_once(run, f"{REFUSED}{_words(problems)}")
    try:
        version = registry.register(run, actor=actor, model=model, through="run")
    except Refused as error:
        return _say_once(run, f"{REFUSED}{_words(error.problems)}")
    note(run, f"Registered as {model.name} {version.number}.", "info")
    return True


def _decide(version: ModelVersion) -> bool:
    run = version.experiment
    if problems := _lacking(run, Action.PROMOTE_MODEL):
        return _hold(version, _words(problems))
    try:
        with transaction.atomic():
            promotion.promote(version, actor=run.created_by, reason=f"Asked for by its run, {run.name}.", through="run")
            note(run, f"{DECIDED}{version.number} is now in production.", "info")
    except PromotionRefused as refused:
        return _hold(version, str(refused))
    except JobStateError:
        return False  # somebody acted in the same moment; the next round sees what is then
    return True


def _hold(version: ModelVersion, why: str) -> bool:
    """Writes down why it was not promoted, in the run's log and the version's notes."""
    said = f"{version.number} stays in development. {why}"
    with transaction.atomic():
        registry.lock(version.model)
        locked = ModelVersion.objects.get(pk=version.pk)
        locked.notes = f"{locked.notes}\n\nNot promoted by its run: {why}".strip()
        locked.save(update_fields=["notes"])
        note(version.experiment, f"{DECIDED}{said}", "warning")
    return True


def _lacking(run: Experiment, action: Action) -> list[Problem]:
    """Asked now and not when it was launched: a role may have been taken away since. The system itself may."""
    person: User | None = run.created_by
    if person is None or can(person, run.workspace, action):
        return []
    return [Problem("experiment", f"{person}, who launched it, may not do this: {action.label.lower()}")]


def _say_once(run: Experiment, message: str) -> bool:
    """One line in the run's log; False where it stands there already, as this is tried again and again."""
    if LogLine.objects.filter(experiment=run, message=message).exists():
        return False
    note(run, message, "warning")
    return True


def _words(problems: Iterable[Problem]) -> str:
    return "; ".join(problem.message for problem in problems).rstrip(".") + "."


def _sweep_now_and_then() -> None:
    global _last_swept
    if time.monotonic() - _last_swept >= SWEEP_EVERY_SECONDS:
        _last_swept = time.monotonic()
        version_files.sweep()
