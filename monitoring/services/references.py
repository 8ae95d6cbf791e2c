"""What a version's live traffic is compared with: its training reference, or a stretch of live traffic pinned for it.

A reference fixes the bins into which windows count, so when another one becomes active the last two days are counted
anew from the log. One reference of a version is active at a time; the others stay and can be activated again.
"""

from __future__ import annotations

import datetime as dt

import structlog
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from experiments.learning.families import Family
from experiments.models import ModelVersion
from experiments.services import locks
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit
from monitoring.models import NOT_OWN, Reference, Source, Window
from monitoring.services import monitoring_settings, own_answers, partitions
from monitoring.services.pinned_rows import pinned_rows
from monitoring.services.stale import mark_stale
from monitoring.services.window_reads import Period
from monitoring.services.window_writes import days_between, minutes_with_rows
from monitoring.summaries import reference_profile
from monitoring.summaries.rows import Rows

log = structlog.get_logger(__name__)
LOCK_CLASS = 0x7265
"""Class of the locks under which a version's training reference is made."""
RECOUNTED = dt.timedelta(days=2)
"""How far back windows are counted anew when another reference becomes active."""
AGAIN_SECONDS = 3600
"""A version that could not answer its own data is asked again after this long."""


def active(version: ModelVersion) -> Reference | None:
    """The one that windows of this version are compared with now."""
    return Reference.objects.filter(version=version, active=True).first()


def ensure(version: ModelVersion) -> Reference | None:
    """The active reference, made from the version's own newest data where it has none; ``why_none`` says why not.

    Takes a few seconds where it is made, and reads the version's dataset once: not in a request, nor in a transaction
    that others wait for. Of several processes one makes it, and the others answer None meanwhile.
    """
    # Without its profile, which is large and which most callers leave alone: asked again in every round.
    found = Reference.objects.filter(version=version, active=True).defer("profile").first()
    if found is not None or _reason(version):
        return found
    with locks.held(LOCK_CLASS, version.pk.int) as mine:
        return active(version) or (_train(version) if mine else None)


def why_none(version: ModelVersion | None) -> str:
    """Why there is no active reference, in words for people."""
    if version is None:
        return "No version is in production."
    return _reason(version) or "The reference is being made from the version's own newest data."


def pin(version: ModelVersion, period: Period, *, actor: User | None) -> Reference:
    """Makes the stretch of live traffic the version's reference. Raises Refused: nothing there, too little, or gone."""
    model = version.model
    needed = monitoring_settings.of(model).minimum_sample
    sources = _sources(version)
    gone = _days_gone(sources, period)
    if gone:
        raise Refused([Problem("period", f"the log of {gone[0]:%Y-%m-%d} is no longer here; accepted: later days")])
    rows, features = pinned_rows(sources, period)
    if len(rows) < needed:
        raise Refused(
            [Problem("period", f"has {len(rows):,} answered predictions; accepted: {needed:,} or more, as the "
                               "settings of the model say")]
        )  # fmt: skip
    training = _training_of(version)
    profile = reference_profile.fit(rows, training=training, features=features, people=_asks_for_people(version))
    profile["about"] = {"answered": len(rows), "list_length": "seen"}
    with transaction.atomic():
        made = Reference(
            version=version,
            kind=Reference.Kind.PINNED,
            start=period.start,
            end=period.end,
            profile=profile,
            active=False,
            created_by=actor,
        )
        made.save(force_insert=True)
        audit.record(
            action="pin_reference",
            actor=actor,
            workspace=model.workspace,
            obj=version,
            label=f"{model} {version.number}",
            after={"from": period.start.isoformat(), "to": period.end.isoformat(), "predictions": len(rows)},
        )
        activate(made, actor=actor)
    return made


@transaction.atomic
def activate(reference: Reference, *, actor: User | None) -> None:
    """Compares the version's windows with this reference from now on; those of the last two days are counted anew."""
    # The version's row is the lock: of two people who activate at once the later one's reference stays.
    version = ModelVersion.objects.select_for_update(of=("self",)).select_related("model").get(pk=reference.version_id)
    before = Reference.objects.filter(version=version, active=True).defer("profile").first()
    if before is not None and before.pk == reference.pk:
        return
    Reference.objects.filter(version=version, active=True).update(active=False)
    Reference.objects.filter(pk=reference.pk).update(active=True)
    reference.active = True
    audit.record(
        action="activate_reference",
        actor=actor,
        workspace=version.model.workspace,
        obj=version,
        label=f"{version.model} {version.number}",
        before={"reference": _words(before)},
        after={"reference": _words(reference)},
    )
    _recount(version)


def _train(version: ModelVersion) -> Reference | None:
    """None where the version cannot answer its own data; that is remembered for an hour."""
    row = _loaded(version)
    try:
        found = own_answers.answers_of(row)
        if not found.predictions:
            raise own_answers.CannotAnswerOwn("None of its newest rows could be answered.")
    except own_answers.CannotAnswerOwn as error:
        reason = f"The version could not answer its own newest data: {error}"
        cache.set(_key(version), reason, AGAIN_SECONDS)
        log.warning("no training reference", version=str(version.pk), reason=str(error))
        return None
    rows = Rows.of(found.predictions, features=list(found.features))
    profile = reference_profile.fit(
        rows, training=found.training, features=found.features, people=_asks_for_people(row)
    )
    profile["about"] = {"answered": len(rows), "newest_rows": found.rows, "list_length": "assumed"}
    made = Reference(version=row, kind=Reference.Kind.TRAINING, profile=profile, active=False)
    with transaction.atomic():
        made.save(force_insert=True)
        activate(made, actor=None)
    return made


def _asks_for_people(version: ModelVersion) -> bool:
    """Whether users of predictions are people, of whom a sample comes; shops and products are all there, always."""
    return Family(version.model.family) in (Family.RECOMMENDATION, Family.NEXT_BEST_ACTION)


def _loaded(version: ModelVersion) -> ModelVersion:
    rows = ModelVersion.objects.select_related("model__workspace", "experiment__dataset", "dataset")
    return rows.prefetch_related("files").get(pk=version.pk)


def _training_of(version: ModelVersion) -> reference_profile.Training | None:
    """What training knew of items: from any reference that has it, else from the version's files."""
    for one in Reference.objects.filter(version=version).order_by("created_at"):
        if found := reference_profile.training_of(one.profile):
            return found
    try:
        return own_answers.answers_of(_loaded(version), most=0).training
    except own_answers.CannotAnswerOwn:
        return None


def _recount(version: ModelVersion) -> None:
    """Notes the minutes of the last two days that have rows in the log."""
    now = timezone.now()
    kept = set(partitions.existing())
    first = max(now - RECOUNTED, dt.datetime.combine(min(kept), dt.time(), dt.UTC)) if kept else now
    for source in Source.objects.filter(version=version):
        mark_stale((source.pk, minute) for minute in minutes_with_rows(source, first, now))


def _sources(version: ModelVersion) -> list[Source]:
    return list(Source.objects.filter(version=version).exclude(role__in=NOT_OWN))


def _days_gone(sources: list[Source], period: Period) -> list[dt.date]:
    """Days of the stretch on which there was traffic whose log is no longer here."""
    kept = set(partitions.existing())
    days = [day for day in days_between(period.start, period.end) if day.date() not in kept]
    rows = Window.objects.filter(source__in=sources, level=Window.Level.DAY, start__in=days, predictions__gt=0)
    return sorted({start.date() for start in rows.values_list("start", flat=True)})


def _key(version: ModelVersion) -> str:
    return f"no-reference:{version.pk}"


def _reason(version: ModelVersion) -> str:
    return str(cache.get(_key(version)) or "")


def _words(reference: Reference | None) -> str:
    if reference is None:
        return "none"
    if reference.start is None or reference.end is None:
        return reference.get_kind_display()
    return f"{reference.get_kind_display()}, {reference.start:%Y-%m-%d %H:%M} to {reference.end:%Y-%m-%d %H:%M} UTC"
