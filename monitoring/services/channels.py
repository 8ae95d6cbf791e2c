"""Making, changing and removing channels. Audited without their secrets; what is sealed is never given back whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from pydantic import BaseModel, ConfigDict, Field, field_validator

from experiments.services.labels import plain_text
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit
from monitoring.models.alerts import Channel, Severity
from monitoring.services import channel_targets, deliveries
from monitoring.services.telling import webhook

LONGEST_NAME = 100
MOST_CHANNELS = 100
"""Of one workspace."""


class ChannelChanges(BaseModel):
    """What may be said of a channel after it is made; what is left out or null stays as it is."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=LONGEST_NAME, description="Unlike that of any other channel here.")
    target: str | None = Field(
        None,
        max_length=10_000,
        description="Addresses separated by commas, or the address that is posted to. Empty: the present one is kept.",
    )
    least_severity: Severity | None = Field(None, description="Alerts of less severity are not told.")
    enabled: bool | None = Field(None, description="Off: what waits is dropped, and nothing is told.")

    @field_validator("name")
    @classmethod
    def one_line(cls, value: str | None) -> str | None:
        return None if value is None else " ".join(plain_text(value).split())


class ChannelSpec(ChannelChanges):
    """A new channel."""

    kind: Channel.Kind
    name: str = Field(..., min_length=1, max_length=LONGEST_NAME)
    target: str = Field(..., max_length=10_000, description="Addresses, or the address that is posted to.")
    least_severity: Severity = Severity.WARNING
    enabled: bool = True


@dataclass(frozen=True)
class Made:
    channel: Channel
    key: str
    """With which a webhook is signed; shown this once. Empty for other kinds."""


def create(*, workspace: Workspace, actor: User | None, spec: ChannelSpec) -> Made:
    """Raises Refused with the field that is wrong."""
    target = channel_targets.accepted(spec.kind, spec.target)
    if Channel.objects.filter(workspace=workspace).count() >= MOST_CHANNELS:
        raise Refused([Problem("name", f"there are {MOST_CHANNELS} channels already; delete one that is not used")])
    key = webhook.new_key() if spec.kind is Channel.Kind.WEBHOOK else ""
    channel = Channel(
        workspace=workspace, name=_name(spec.name), kind=spec.kind, target=channel_targets.kept_target(target),
        signing_key=channel_targets.kept_key(key) if key else "", least_severity=spec.least_severity,
        enabled=spec.enabled, created_by=actor,
    )  # fmt: skip
    with transaction.atomic():
        _save(channel)
        audit.record(action="add_channel", actor=actor, workspace=workspace, obj=channel, after=state(channel))
    return Made(channel, key)


def change(channel: Channel, *, actor: User | None, changes: ChannelChanges) -> Channel:
    """Raises Refused with the field that is wrong. A target that is left out or empty stays."""
    given = (changes.target or "").strip()
    target = channel_targets.accepted(channel.kind, given) if given else ""
    with transaction.atomic():
        locked = Channel.objects.select_for_update(of=("self",)).get(pk=channel.pk)
        before = state(locked)
        if changes.name is not None:
            locked.name = _name(changes.name)
        if target:
            locked.target = channel_targets.kept_target(target)
        locked.least_severity = changes.least_severity or locked.least_severity
        locked.enabled = locked.enabled if changes.enabled is None else changes.enabled
        _save(locked)
        if not locked.enabled:
            deliveries.forget_waiting(locked, deliveries.DISABLED)
        was, now = audit.changes(before, state(locked))
        if target:
            now["target_entered"] = True
        if was or now:
            audit.record(
                action="change_channel", actor=actor, workspace=locked.workspace, obj=locked, before=was, after=now
            )
    return locked


def delete(channel: Channel, *, actor: User | None, reason: str = "") -> None:
    """With its outbox and its log of attempts. Rules that named it alone tell every channel from then on."""
    with transaction.atomic():
        rules = list(channel.rules.order_by("name").values_list("name", flat=True)[:20])
        audit.record(
            action="delete_channel", actor=actor, workspace=channel.workspace, obj=channel,
            before={**state(channel), "rules": rules}, reason=reason,
        )  # fmt: skip
        channel.delete()


def renew_key(channel: Channel, *, actor: User | None) -> str:
    """A new key of a webhook, shown this once; the old one signs nothing more. Raises Refused for other kinds."""
    if channel.kind != Channel.Kind.WEBHOOK:
        raise Refused([Problem("kind", f"is {channel.get_kind_display()}; only webhooks are signed")])
    key = webhook.new_key()
    with transaction.atomic():
        Channel.objects.filter(pk=channel.pk).update(signing_key=channel_targets.kept_key(key))
        audit.record(action="renew_channel_key", actor=actor, workspace=channel.workspace, obj=channel)
    return key


def seal_anew() -> tuple[int, list[str]]:
    """After a rotation of the secret key: how many channels were sealed anew, and which cannot be read any more."""
    done, lost = 0, []
    with transaction.atomic():
        for channel in Channel.objects.select_for_update(of=("self",)).order_by("pk"):
            try:
                channel_targets.resealed(channel)
            except channel_targets.CannotUnseal:
                lost.append(channel.name)
                continue
            channel.save(update_fields=["target", "signing_key"])
            done += 1
    return done, lost


def state(channel: Channel) -> dict[str, Any]:
    """What the audit trail may know."""
    return {
        "name": channel.name,
        "kind": channel.kind,
        "target": channel_targets.hidden(channel),
        "least_severity": channel.least_severity,
        "enabled": channel.enabled,
    }


def _name(given: str) -> str:
    if not given:
        raise Refused([Problem("name", f"is empty; accepted: 1 to {LONGEST_NAME} characters, such as On call")])
    return given


def _save(channel: Channel) -> None:
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError:
        raise Refused([Problem("name", f"there is a channel called {channel.name!r}; choose another name")]) from None
