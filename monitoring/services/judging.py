"""The judge: every few minutes each model that is used is judged, area by area, and what is found is kept.

A check with its findings is written in one transaction that holds the model's lock, so two judges at once write one.
What fails in one area or model is logged and counted, and never stops the others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from experiments.models import Deployment, RegisteredModel
from monitoring.models import Check, Finding, Verdict, Window
from monitoring.services import (
    alerting,
    cost_checks,
    data_checks,
    drift_checks,
    freshness_checks,
    quality_checks,
    references,
)
from monitoring.services.scene import AreaJudge, Outcome, Scene, champion_at, scene_of
from monitoring.services.window_reads import DAY, Period
from monitoring.services.window_writes import floor

log = structlog.get_logger(__name__)
LOCK_CLASS = 0x6A75
"""Class of the locks under which a model is judged."""
STATEMENT_TIMEOUT = "120s"
KEPT = dt.timedelta(days=30)
"""Older checks go, but the last of each day and area stays."""
NEW = dt.timedelta(hours=1)
SCHEDULE = "schedule"
AREAS: dict[Check.Area, AreaJudge] = {
    Check.Area.DRIFT: drift_checks.judge,
    Check.Area.QUALITY: quality_checks.judge,
    Check.Area.COST: cost_checks.judge,
    Check.Area.DATA: data_checks.judge,
    Check.Area.FRESHNESS: freshness_checks.judge,
}
"""In the order in which they are judged."""

__all__ = ["AREAS", "AreaJudge", "Judged", "Outcome", "Scene", "drop_old", "judge", "judge_due", "watched"]


@dataclass
class Judged:
    """What a round did: models looked at, checks written, alerts opened or come back; areas and rules that failed."""

    models: int = 0
    checks: int = 0
    alerts: int = 0
    failed: int = 0


def judge_due(now: dt.datetime | None = None) -> Judged:
    """Judges every watched model in every area whose newest scheduled check is older than ``CHECK_SECONDS``, and has
    its alert rules look at what is known then."""
    moment = now or timezone.now()
    done = Judged()
    for model in watched(moment):
        done.models += 1
        with _guarded(done, model, "reference"):
            # Outside the transactions of checks: a new version's reference takes some seconds to make.
            if (live := champion_at(model, moment)) is not None:
                references.ensure(live.version)
        with _guarded(done, model, "due"):
            for area in _due(model, moment):
                with _guarded(done, model, area):
                    done.checks += _judge_if_due(model, area, moment) is not None
        with _guarded(done, model, "alerts"):
            found = alerting.evaluate(model, now=moment)
            done.alerts += found.opened + found.returned
            done.failed += found.failed
    return done


def judge(
    model: RegisteredModel,
    area: Check.Area,
    *,
    now: dt.datetime | None = None,
    period: Period | None = None,
    through: str = "page",
    save: bool = True,
) -> Check | None:
    """One check at once, of this moment or of one that is past; None where the area does not apply to the model.

    Not saved, the check has its findings in ``found``, as one that is saved has.
    """
    moment = now or timezone.now()
    if not save:
        return _checked(scene_of(model, moment, period), area, through)
    with transaction.atomic():
        _lock(model, wait=True)
        return _write(_checked(scene_of(model, moment, period), area, through))


def watched(now: dt.datetime | None = None) -> list[RegisteredModel]:
    """Models that are not archived and are live now, or were asked within the last day."""
    moment = now or timezone.now()
    live = Deployment.objects.filter(model=OuterRef("pk"), ended_at__isnull=True)
    asked = Window.objects.filter(
        source__model=OuterRef("pk"),
        level=DAY,
        start__gte=floor(moment - dt.timedelta(days=1), DAY),
        start__lte=moment,
        predictions__gt=0,
    )
    rows = RegisteredModel.objects.filter(Exists(live) | Exists(asked), archived_at__isnull=True)
    return list(rows.select_related("workspace").order_by("pk"))


def drop_old(now: dt.datetime | None = None) -> int:
    """Deletes checks older than 30 days with their findings; of each day, model and area the last one stays."""
    limit = (now or timezone.now()) - KEPT
    with connection.cursor() as cursor:
        cursor.execute(_OLD, [floor(limit, DAY)])
        old = [pk for (pk,) in cursor.fetchall()]
    for first in range(0, len(old), 1000):
        chosen = old[first : first + 1000]
        with transaction.atomic():
            Finding.objects.filter(check_of__in=chosen)._raw_delete("default")
            Check.objects.filter(pk__in=chosen).delete()
    return len(old)


_OLD = """
SELECT id FROM (
    SELECT id, row_number() OVER (
        PARTITION BY model_id, area, date_bin('1 day', at, 'epoch'::timestamptz) ORDER BY at DESC, id) AS place
    FROM monitoring_check WHERE at < %s
) AS ranked WHERE place > 1"""


def _due(model: RegisteredModel, now: dt.datetime) -> list[Check.Area]:
    """Areas without a scheduled check that is young enough. In the first hour of a deployment what lacked data is
    looked at again each round: whoever has just promoted a version waits for its first verdict."""
    since = now - dt.timedelta(seconds=settings.CHECK_SECONDS)
    rows = Check.objects.filter(model=model, through=SCHEDULE, at__gt=since, at__lte=now)
    newest = dict(rows.order_by("area", "at").values_list("area", "verdict"))
    begun = Deployment.objects.filter(model=model, role=Deployment.As.CHAMPION, started_at__lte=now)
    new = begun.filter(started_at__gt=now - NEW).exists()
    fresh = {area for area, verdict in newest.items() if not (new and verdict == Verdict.NOT_ENOUGH)}
    return [area for area in AREAS if area not in fresh]


def _judge_if_due(model: RegisteredModel, area: Check.Area, now: dt.datetime) -> Check | None:
    with transaction.atomic():
        # Asked again under the lock: another judge may have been here meanwhile, or be here now.
        if not _lock(model, wait=False) or area not in _due(model, now):
            return None
        return _write(_checked(scene_of(model, now), area, SCHEDULE))


def _checked(scene: Scene, area: Check.Area, through: str) -> Check | None:
    """Not saved; its findings stand in ``found``."""
    outcome = AREAS[area](scene)
    if outcome is None:
        return None
    check = Check(
        model=scene.model,
        version=scene.version,
        reference=outcome.reference,
        area=area,
        start=scene.period.start,
        end=scene.period.end,
        at=scene.now,
        verdict=outcome.verdict,
        sentence=outcome.sentence,
        score=outcome.score,
        through=through,
    )
    for finding in outcome.findings:
        finding.check_of = check
    check.found = outcome.findings  # type: ignore[attr-defined]
    return check


def _write(check: Check | None) -> Check | None:
    if check is not None:
        found: list[Finding] = check.found  # type: ignore[attr-defined]
        check.save(force_insert=True)
        for finding in found:
            finding.check_of = check
        Finding.objects.bulk_create(found)
    return check


def _lock(model: RegisteredModel, *, wait: bool) -> bool:
    """Whether this transaction now holds the lock on the model's checks; it may take longer than a page's."""
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT])
        cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, true)", [STATEMENT_TIMEOUT])
        cursor.execute(f"SELECT {function}(%s, %s)", [LOCK_CLASS, model.pk.int % 2**31])
        return wait or bool(cursor.fetchone()[0])


@contextmanager
def _guarded(done: Judged, model: RegisteredModel, what: str) -> Iterator[None]:
    """Whatever fails: the other areas and models are judged all the same."""
    try:
        yield
    except Exception:  # whatever it is: it is logged and counted, and the round goes on
        log.exception("not judged", model=str(model.pk), area=str(what))
        done.failed += 1
