"""What a judge of an area is handed, and what it hands back.

Areas import this file; ``judging`` imports the areas.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone

from experiments.models import Deployment, ModelVersion, RegisteredModel
from monitoring.models import Finding, MonitoringSettings, Reference, Source, Verdict
from monitoring.services import monitoring_settings
from monitoring.services.window_reads import DAY, HOUR, MINUTE, Period, sources_of
from monitoring.services.window_writes import floor, kept_from

LONGEST_IN = {MINUTE: 2 * 3600, HOUR: 8 * 86400}
"""Seconds up to which a stretch is cut into minutes, and into hours; longer ones into days."""
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


@dataclass(frozen=True)
class Scene:
    """One model at one moment. ``settings`` are saved ones or the defaults; ``version`` is the champion of ``now``.

    ``sources`` are those of the champion, shadows and interleaved lists left out; where no version is live, all others.
    ``period`` is the stretch that is judged: its borders are those of minutes, hours or days, the last may be open.
    """

    model: RegisteredModel
    settings: MonitoringSettings
    version: ModelVersion | None
    sources: list[Source]
    period: Period
    now: dt.datetime

    @property
    def stretch(self) -> str:
        """In words for a sentence: "last 24 hours", or from when to when."""
        if self.period == analysed(self.settings.window_seconds, self.now):
            return f"last {in_words(self.settings.window_seconds)}"
        return self.period.label[:1].lower() + self.period.label[1:]


@dataclass(frozen=True)
class Outcome:
    """What an area found. ``findings`` are not saved and belong to no check yet; ``score`` is the area's one figure.

    ``sentence`` is for who is on call: what, how much against what, over how long, of how many.
    """

    verdict: Verdict
    sentence: str
    score: float | None
    findings: list[Finding] = field(default_factory=list)
    reference: Reference | None = None


AreaJudge = Callable[[Scene], Outcome | None]
"""None: the area does not apply to this model."""


def scene_of(
    model: RegisteredModel,
    now: dt.datetime | None = None,
    period: Period | None = None,
    sources: list[Source] | None = None,
) -> Scene:
    """Of this moment, or of one that is past: then with the version that was live at that time.

    ``sources``: all of the model, where they are known already. Two queries, else three.
    """
    moment = now or timezone.now()
    settings = monitoring_settings.of(model)
    live = champion_at(model, moment)
    version = live.version if live is not None else None
    every = sources_of(model) if sources is None else sources
    return Scene(
        model, settings, version, answering(every, version), period or analysed(settings.window_seconds, moment), moment
    )


def answering(sources: list[Source], version: ModelVersion | None) -> list[Source]:
    """Those whose answers are the version's own (``Source.is_own``), in whatever role; without a version, of all."""
    return [one for one in sources if one.is_own and (version is None or one.version_id == version.pk)]


def champion_at(model: RegisteredModel, at: dt.datetime) -> Deployment | None:
    """The deployment that was the champion at a moment; its version comes along with dataset and run."""
    rows = Deployment.objects.select_related("version__dataset", "version__experiment", "version__model").filter(
        Q(ended_at__isnull=True) | Q(ended_at__gt=at), model=model, role=Deployment.As.CHAMPION, started_at__lte=at
    )
    return rows.order_by("-started_at", "-pk").first()


def analysed(seconds: int, now: dt.datetime) -> Period:
    """The last ``seconds`` before ``now``, rounded up to whole windows: that in which ``now`` lies counts.

    Of a time whose minutes or hours are no longer kept, the next longer windows.
    """
    level = next((one for one, longest in LONGEST_IN.items() if seconds <= longest), DAY)
    real = timezone.now()
    for finer, coarser in ((MINUTE, HOUR), (HOUR, DAY)):
        if level == finer and now - dt.timedelta(seconds=seconds) < kept_from(finer, real):
            level = coarser
    end = floor(now, level) + dt.timedelta(seconds=level)
    return Period("", end - dt.timedelta(seconds=-(-seconds // level) * level), end, level)


def in_words(seconds: int) -> str:
    """24 hours, 7 days, 90 minutes: the longest unit of which there are at least two, or exactly one."""
    for unit, word in _UNITS:
        count = seconds / unit
        if count.is_integer() and (count > 1 or (count == 1 and unit != 86400)):
            return f"{count:.0f} {word}{'s' if count > 1 else ''}"
    return f"{seconds} seconds"
