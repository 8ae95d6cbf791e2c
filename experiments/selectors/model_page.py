"""What the page of a model shows first: what is live, what could be, and where one can go back to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count

from experiments.models import Deployment, ModelVersion, RegisteredModel, Stage, StageChange
from experiments.selectors.model_headline import Headline, headline_of
from experiments.services.deployments import former_champions

SHOWN = 50


@dataclass(frozen=True)
class Standing:
    """The versions that matter now. ``candidate``: what could replace the live one, staging before newer ones."""

    live: ModelVersion | None
    deployment: Deployment | None
    candidate: ModelVersion | None
    back_to: ModelVersion | None
    num_versions: int

    @property
    def headline(self) -> Headline | None:
        return headline_of(self.live) if self.live else None


@dataclass(frozen=True)
class VersionLine:
    """A version on the time line with its last change of stage."""

    version: ModelVersion
    change: StageChange | None
    headline: Headline | None


def standing_of(model: RegisteredModel) -> Standing:
    """Five queries at most."""
    rows = model.versions.select_related("model", "experiment", "recipe_version__recipe", "created_by")
    rows = rows.defer("card", "experiment__environment", "experiment__manifest")
    live = rows.filter(stage=Stage.PRODUCTION).first()
    waiting = rows.filter(stage__in=[Stage.STAGING, Stage.DEVELOPMENT])
    staged = waiting.filter(stage=Stage.STAGING).order_by("-stage_changed_at").first()
    candidate = staged or waiting.order_by("-major", "-minor", "-patch").first()
    if live and candidate and staged is None and _number(candidate) < _number(live):
        candidate = None
    deployed = Deployment.objects.filter(model=model, role=Deployment.As.CHAMPION, ended_at__isnull=True)
    former = former_champions(model)
    return Standing(
        live=live,
        deployment=deployed.select_related("started_by").first(),
        candidate=candidate,
        back_to=former[0] if former else None,
        num_versions=model.versions.aggregate(n=Count("pk"))["n"],
    )


def lines_of(model: RegisteredModel) -> list[VersionLine]:
    """The newest 50 versions by number, each with its last change: two queries."""
    rows = model.versions.select_related("model", "experiment", "recipe_version__recipe", "created_by")
    versions = list(
        rows.defer("card", "parameters", "experiment__environment", "experiment__manifest").order_by(
            "-major", "-minor", "-patch"
        )[:SHOWN]
    )
    changes = StageChange.objects.filter(version__in=versions).select_related("by")
    last = {row.version_id: row for row in changes.order_by("version_id", "-at", "-id").distinct("version_id")}
    live = next((version for version in versions if version.stage == Stage.PRODUCTION), None)
    like = headline_of(live) if live else None
    return [VersionLine(version, last.get(version.pk), headline_of(version, like)) for version in versions]


def history_of(version: ModelVersion) -> list[StageChange]:
    """Every change of a version's stage, the newest first: one query."""
    return list(StageChange.objects.filter(version=version).select_related("by").order_by("-at", "-id"))


def parse_moment(text: str, zone: dt.tzinfo) -> dt.datetime | None:
    """A moment as a form or an address writes it; without a zone it is the reader's. None where it is no moment."""
    cleaned = text.strip().replace(" ", "+", 1) if text.count(" ") == 1 and "T" in text else text.strip()
    try:
        found = dt.datetime.fromisoformat(cleaned)
    except ValueError:
        return None
    try:
        aware = found if found.tzinfo else found.replace(tzinfo=zone)
        return aware.astimezone(dt.UTC)
    except (OverflowError, ValueError):
        return None


def _number(version: ModelVersion) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch
