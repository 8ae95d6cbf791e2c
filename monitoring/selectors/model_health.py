"""Is one model well where it serves? Its state with a list of what is wrong (F155)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Max, Sum
from django.utils import timezone

from experiments.models import Deployment, ModelFile, RegisteredModel
from mlopspro.core import formats
from monitoring.models import Window
from monitoring.selectors.health import Verdict, verdict
from monitoring.selectors.health_figures import problems_of
from monitoring.services.health_states import State

RECENT = dt.timedelta(hours=1)
SILENT_AFTER = dt.timedelta(days=1)
SMALLEST_SAMPLE = 20
DEGRADED_ERRORS, UNHEALTHY_ERRORS = 0.01, 0.05
OF_THE_LOG = ("spool_age", "spool_size", "windows_lag", "silence.log-shipper", "losses")
"""Checks of the installation that make a model's figures late or incomplete."""
_ORDER = (State.UNHEALTHY, State.DEGRADED, State.UNKNOWN)


@dataclass(frozen=True)
class Issue:
    code: str
    state: State
    message: str
    recommendation: str


@dataclass(frozen=True)
class Traffic:
    """Logged answers of the last hour, and when the last one was."""

    predictions: int
    errors: int
    last_minute: dt.datetime | None


@dataclass(frozen=True)
class ModelHealth:
    status: State
    issues: list[Issue]
    live: list[Deployment]
    traffic: Traffic


def model_health(model: RegisteredModel) -> ModelHealth:
    """Four queries beside the verdict on the installation, which is kept for a few seconds."""
    now = timezone.now()
    live = list(model.deployments.filter(ended_at__isnull=True).select_related("version"))
    traffic = _traffic(model, now)
    found = verdict()
    issues = [
        *_serving(live, traffic),
        *_loading(model, found),
        *_files(live),
        *_traffic_issues(live, traffic, now),
        *_of_the_log(found),
    ]
    states = {issue.state for issue in issues}
    status = next((state for state in _ORDER if state in states), State.HEALTHY)
    return ModelHealth(status, sorted(issues, key=lambda issue: _ORDER.index(issue.state)), live, traffic)


def _traffic(model: RegisteredModel, now: dt.datetime) -> Traffic:
    windows = Window.objects.filter(source__model=model)
    recent = windows.filter(level=Window.Level.MINUTE, start__gte=now - RECENT)
    sums = recent.aggregate(predictions=Sum("predictions"), errors=Sum("errors"), last=Max("start"))
    last = sums["last"]
    if last is None:
        # Hours, so that what is asked stays small however long the model has been silent.
        hours = windows.filter(level=Window.Level.HOUR, start__gte=now - 30 * SILENT_AFTER)
        last = hours.aggregate(last=Max("start"))["last"]
    return Traffic(sums["predictions"] or 0, sums["errors"] or 0, last)


def _serving(live: list[Deployment], traffic: Traffic) -> list[Issue]:
    """A model that is served elsewhere has traffic without being live here, which is well."""
    if traffic.last_minute is not None or any(one.role == Deployment.As.CHAMPION for one in live):
        return []
    advice = "Promote a version if it is to answer requests."
    return [Issue("not_live", State.UNKNOWN, "No version is in production, so none answers.", advice)]


def _loading(model: RegisteredModel, found: Verdict) -> list[Issue]:
    """What web processes could not load. While an earlier version answers in its stead this is degraded, no more."""
    issues = []
    for problem in problems_of(found.figures.processes):
        if problem.get("model_id") == str(model.pk):
            message = f"Version {problem.get('version')} does not load: {problem.get('problem')}"
            advice = "What was loaded before goes on answering. Roll back, or register the run again and promote it."
            issues.append(Issue("not_loaded", State.DEGRADED, message, advice))
    return issues


def _files(live: list[Deployment]) -> list[Issue]:
    """Files of live versions that are missing or have another size. Contents are verified where they are loaded."""
    issues = []
    for file in ModelFile.objects.filter(version__in=[one.version_id for one in live]).select_related("version"):
        if not file.file.is_file():
            wrong = "is missing"
        elif file.file.stat().st_size != file.size_bytes:
            wrong = f"has {file.file.stat().st_size} bytes instead of {file.size_bytes}"
        else:
            continue
        message = f"{file.name} of version {file.version.number} {wrong}."
        advice = "Restore the data root from its backup, or register the run again and promote it."
        issues.append(Issue("file_damaged", State.UNHEALTHY, message, advice))
    return issues


def _traffic_issues(live: list[Deployment], traffic: Traffic, now: dt.datetime) -> list[Issue]:
    if not live and traffic.last_minute is None:
        return []
    if traffic.last_minute is None or now - traffic.last_minute > SILENT_AFTER:
        message = "No request was logged within the last day, so nothing can be said of its answers."
        return [Issue("no_traffic", State.UNKNOWN, message, "See whether its callers still ask.")]
    if traffic.predictions < SMALLEST_SAMPLE:
        message = f"{traffic.predictions} requests in the last hour; {SMALLEST_SAMPLE} are needed to judge errors."
        return [Issue("little_traffic", State.UNKNOWN, message, "")]
    rate = traffic.errors / traffic.predictions
    if rate <= DEGRADED_ERRORS:
        return []
    state = State.UNHEALTHY if rate > UNHEALTHY_ERRORS else State.DEGRADED
    message = f"{formats.share(rate)} of {traffic.predictions} requests of the last hour failed."
    advice = "Look at the recent predictions and their errors; roll back if they began with this version."
    return [Issue("errors", state, message, advice)]


def _of_the_log(found: Verdict) -> list[Issue]:
    broken = [check for check in found.broken if check.rule.key in OF_THE_LOG]
    return [Issue(f"log.{check.rule.key}", State.DEGRADED, check.reason, check.advice) for check in broken]
