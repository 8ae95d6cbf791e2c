"""What a channel points at: checked when it is given, sealed in the database, and shown masked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from experiments.services.spec import Problem, Refused
from mlopspro.core import outgoing, sealing
from mlopspro.core.sealing import CannotUnseal
from monitoring.models.alerts import Channel
from monitoring.services.telling import slack

__all__ = ["CannotUnseal", "accepted", "addresses", "hidden", "kept_key", "kept_target", "key", "resealed", "target"]
TARGET, KEY = "alert channel target", "alert channel key"
MOST_ADDRESSES = 20
BETWEEN = re.compile(r"[\s,;]+")


def accepted(kind: str, given: str) -> str:
    """The target as it is kept. Raises Refused with what would be accepted."""
    text = given.strip()
    if not text:
        raise _refused(f"is empty; accepted: {_EXAMPLES[kind]}")
    return _CHECKS[kind](text)


def kept_target(text: str) -> str:
    return sealing.seal(text, TARGET)


def kept_key(text: str) -> str:
    return sealing.seal(text, KEY)


def target(channel: Channel) -> str:
    """The whole target. Raises CannotUnseal."""
    return sealing.unseal(channel.target, TARGET)


def addresses(channel: Channel) -> list[str]:
    """Of an e-mail channel. Raises CannotUnseal."""
    return target(channel).split("\n")


def key(channel: Channel) -> str:
    """With which a webhook is signed. Raises CannotUnseal."""
    return sealing.unseal(channel.signing_key, KEY)


def resealed(channel: Channel) -> None:
    """Seals both anew under the present secret key, without saving. Raises CannotUnseal."""
    channel.target = sealing.renewed(channel.target, TARGET)
    if channel.signing_key:
        channel.signing_key = sealing.renewed(channel.signing_key, KEY)


def hidden(channel: Channel) -> str:
    """Enough to tell two channels apart, and not enough to use one."""
    try:
        text = target(channel)
    except CannotUnseal:
        return "cannot be read: the secret key of this installation has changed; enter it again"
    return _hidden_addresses(text.split("\n")) if channel.kind == Channel.Kind.EMAIL else _hidden_url(text)


def _hidden_addresses(found: Sequence[str]) -> str:
    shown = ", ".join(f"{one[:1]}…@{one.rpartition('@')[2]}" for one in found[:3])
    return shown if len(found) <= 3 else f"{shown} and {len(found) - 3} more"


def _hidden_url(url: str) -> str:
    """Scheme and host, and the end of a path that is long enough to give some of it away."""
    parts = urlsplit(url)
    rest = f"{parts.path}?{parts.query}" if parts.query else parts.path
    end = rest[-4:] if len(rest) >= 16 else ""
    host = parts.netloc
    return f"{parts.scheme}://{host}/…{end}" if rest.strip("/") else f"{parts.scheme}://{host}/"


def _emails(text: str) -> str:
    found = list(dict.fromkeys(one for one in BETWEEN.split(text) if one))
    for one in found:
        try:
            validate_email(one)
        except ValidationError:
            raise _refused(f"{one[:80]!r} is no e-mail address; accepted: {_EXAMPLES['email']}") from None
    if len(found) > MOST_ADDRESSES:
        raise _refused(f"has {len(found)} addresses; accepted: up to {MOST_ADDRESSES}, mailing lists among them")
    return "\n".join(found)


def _url(text: str) -> str:
    _host(text)
    return text


def _slack(text: str) -> str:
    host = _host(text)
    if host not in slack.HOSTS and not outgoing.allowed().host(host):
        raise _refused(f"is not of Slack; accepted: {_EXAMPLES['slack']}, or a host of MLOPSPRO_ALLOWED_TARGETS")
    return text


def _host(text: str) -> str:
    """Of an address that may be posted to, as far as its words can tell."""
    try:
        return outgoing.checked(text).host
    except outgoing.TargetRefused as error:
        raise _refused(f"cannot be posted to. {error}") from None


def _refused(message: str) -> Refused:
    return Refused([Problem("target", message)])


_CHECKS: dict[str, Callable[[str], str]] = {"email": _emails, "slack": _slack, "webhook": _url}
_EXAMPLES = {
    "email": "addresses such as ada@example.org, separated by commas or lines",
    "slack": "the address of an incoming webhook, https://hooks.slack.com/services/…",
    "webhook": "an address such as https://example.com/hook",
}
