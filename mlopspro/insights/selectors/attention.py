"""What needs somebody now: each item says what, since when, and where it is dealt with; the most urgent first."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse

from experiments.models import JobStatus
from mlopspro.accounts.models import Workspace
from mlopspro.accounts.permissions import Action
from mlopspro.core.formats import short_id
from mlopspro.insights.selectors.work import Work
from monitoring.models import Alert, Channel, DeliveryAttempt, Severity
from monitoring.selectors import alerts as alert_rows
from retraining.models import KillSwitch, Retraining, Trial
from retraining.plan import Plan

SHOWN = 20


@dataclass(frozen=True)
class Act:
    """A button that does it at once, for those who may; everybody else follows the link."""

    label: str
    url: str
    action: Action
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    """``urgency``: the lower, the sooner. ``link`` is the word for going there: Open, Answer, Review …"""

    key: str
    urgency: int
    kind: str
    tone: str
    icon: str
    title: str
    text: str
    since: dt.datetime
    href: str
    link: str = "Open"
    act: Act | None = None

    @property
    def state(self) -> tuple[object, ...]:
        return (self.key, self.urgency, self.title, self.text, self.since)


@dataclass(frozen=True)
class Attention:
    """``items`` are the most urgent ones; ``more`` are not shown."""

    items: list[Item]
    more: int

    @property
    def state(self) -> list[tuple[object, ...]]:
        return [one.state for one in self.items] + [(self.more,)]


def attention(workspace: Workspace, found: Work, proposals: Sequence[Proposal]) -> Attention:
    """Three queries more than the rows it is given."""
    items = [
        *_alerts(workspace),
        *_channels(workspace),
        *_kill_switch(workspace),
        *(_proposal(one) for one in proposals),
        *_retrainings(found),
        *_trials(found),
        *_runs(found),
        *_imports(found),
    ]
    items.sort(key=lambda one: (one.urgency, one.since, one.key))
    return Attention(items[:SHOWN], max(0, len(items) - SHOWN))


@dataclass(frozen=True)
class Proposal:
    """A decision that waits for an answer."""

    pk: uuid.UUID
    model: str
    sentence: str
    at: dt.datetime


_ALERTS = {
    Severity.CRITICAL: (10, "octagon-alert"),
    Severity.WARNING: (30, "triangle-alert"),
    Severity.INFO: (70, "info"),
}


def _alerts(workspace: Workspace) -> Iterator[Item]:
    """Open ones: of those that are acknowledged or snoozed somebody has taken care."""
    for shown in alert_rows.live(workspace, alert_rows.Filters(state=Alert.State.OPEN)):
        alert, severity = shown.alert, Severity(shown.alert.severity)
        urgency, icon = _ALERTS[severity]
        yield Item(
            f"alert {alert.pk}", urgency, f"{severity.label} alert", severity.tone, icon,
            alert.rule.model.name, alert.sentence, alert.opened_at, reverse("monitoring:alert", args=[alert.pk]),
            act=Act("Acknowledge", reverse("monitoring:alert_acknowledge", args=[alert.pk]), Action.HANDLE_ALERT),
        )  # fmt: skip


def _channels(workspace: Workspace) -> Iterator[Item]:
    """Channels whose last attempt failed: people are not told of alerts."""
    newest = DeliveryAttempt.objects.filter(delivery__channel=OuterRef("pk")).order_by("-pk")
    rows = Channel.objects.filter(workspace=workspace, enabled=True).annotate(
        arrived=Subquery(newest.values("succeeded")[:1]),
        tried_at=Subquery(newest.values("at")[:1]),
        why=Subquery(newest.values("error")[:1]),
    )
    for channel in rows.filter(arrived=False):
        yield Item(
            f"channel {channel.pk}", 15, "Channel fails", "bad", "bell-off", channel.name,
            f"Nobody is told of alerts through it: {channel.why or 'the last message did not arrive'}",
            channel.tried_at, reverse("monitoring:channel", args=[channel.pk]),
        )  # fmt: skip


def _kill_switch(workspace: Workspace) -> Iterator[Item]:
    for switch in KillSwitch.objects.filter(workspace=workspace, stopped=True).select_related("by"):
        said = f" {switch.by}: {switch.reason}" if switch.by and switch.reason else f" {switch.reason}".rstrip()
        yield Item(
            "kill switch", 45, "Kill switch", "warning", "octagon-x", "No model retrains",
            f"The kill switch is on until an administrator turns it off.{said}", switch.at,
            reverse("retraining:overview"),
            act=Act("Turn it off", reverse("retraining:kill_switch"), Action.KILL_SWITCH, {"on": "no"}),
        )  # fmt: skip


def _proposal(one: Proposal) -> Item:
    return Item(
        f"proposal {one.pk}", 40, "Proposal", "warning", "refresh-cw", one.model, one.sentence, one.at,
        reverse("retraining:decision", args=[one.pk]), "Answer",
    )  # fmt: skip


def _retrainings(found: Work) -> Iterator[Item]:
    for one in found.open_retrainings:
        if since := waits_since(one):
            number = one.version.number if one.version else "The new version"
            text = one.sentence or f"{number} is at the last step of its canary and waits for a person to promote it."
            yield Item(
                f"approve {one.pk}", 20, "Approval", "warning", "hand", one.model.name, text, since,
                reverse("retraining:run", args=[one.pk]), "Decide",
            )  # fmt: skip
    for one in found.failed_retrainings:
        yield Item(
            f"retraining {one.pk}", 35, "Retraining failed", "bad", "circle-x", one.model.name, one.sentence,
            one.ended_at or one.started_at, reverse("retraining:run", args=[one.pk]),
        )  # fmt: skip


def waits_since(one: Retraining) -> dt.datetime | None:
    """When the canary came to its last step, where a person is to let it into production and nobody has; else None."""
    plan = Plan.from_json(one.plan)
    steps = [step for step in one.steps.all() if step.kind == "canary" and step.state == "running"]
    if one.state != Retraining.State.CANARY or plan.promote != "ask" or not steps:
        return None
    step = steps[-1]
    at = (step.evidence.get("canary") or {}).get("step", 0)
    is_last = at >= len(plan.canary.shares) - 1
    return step.started_at if is_last and not step.evidence.get("approved") else None


_TRIALS = {
    "winner": (25, "info", "trophy", "Trial has a winner"),
    "no_difference": (50, "neutral", "equal", "Trial found no difference"),
    "srm_broken": (15, "bad", "split", "Trial's split is broken"),
}


def _trials(found: Work) -> Iterator[Item]:
    """Trials of which a person has to make something. A fixed one is only looked at once it has run its time."""
    for trial in found.trials:
        verdict = trial.verdict or (verdict_now(trial) if trial.method == Trial.Method.SEQUENTIAL else {})
        looks = _TRIALS.get(str(verdict.get("outcome", "")))
        href = reverse("retraining:trial", args=[trial.pk])
        if looks is not None:
            urgency, tone, icon, kind = looks
            yield Item(
                f"trial {trial.pk}", urgency, kind, tone, icon, f"{trial.name}, {trial.model.name}",
                str(verdict.get("sentence", "")), trial.started_at or trial.created_at, href, "Decide",
            )  # fmt: skip
        elif trial.trouble:
            yield Item(
                f"trial {trial.pk}", 35, "Trial is not read", "bad", "circle-x", f"{trial.name}, {trial.model.name}",
                trial.trouble, trial.started_at or trial.created_at, href,
            )  # fmt: skip


def verdict_now(trial: Trial) -> dict[str, Any]:
    """Of the newest reading, where there is one."""
    return getattr(trial, "latest", None) or {}


def _runs(found: Work) -> Iterator[Item]:
    for run in found.failed_runs:
        yield Item(
            f"run {run.pk}", 50, "Run failed", "bad", "circle-x", run.name, run.failure_reason[:200],
            run.finished_at or run.created_at, reverse("experiments:experiment", args=[run.pk]),
            act=Act("Retry", reverse("experiments:experiment_retry", args=[run.pk]), Action.LAUNCH_TRAINING),
        )  # fmt: skip


def _imports(found: Work) -> Iterator[Item]:
    for job in found.imports:
        name = job.name or short_id(job.pk)
        href = reverse("experiments:import", args=[job.pk])
        if job.state is JobStatus.FAILED:
            yield Item(
                f"import {job.pk}", 50, "Import failed", "bad", "circle-x", name, job.failure_reason[:200],
                job.finished_at or job.created_at, href,
            )  # fmt: skip
        elif job.state is JobStatus.DRAFT:
            yield Item(
                f"import {job.pk}", 60, "Upload", "neutral", "upload", name, "It waits for your review.",
                job.created_at, href, "Review",
            )  # fmt: skip
