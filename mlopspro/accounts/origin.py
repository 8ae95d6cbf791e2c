"""Where an act comes from: request, address and key, known to the audit trail without being handed around."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest

if TYPE_CHECKING:
    from mlopspro.accounts.models import ApiKey


@dataclass(frozen=True)
class Origin:
    request_id: str = ""
    ip: str | None = None
    api_key: ApiKey | None = None


_NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=_NOWHERE)


def current_origin() -> Origin:
    """Of the request being answered; empty in workers and commands."""
    return _current.get()


@contextmanager
def bound_origin(origin: Origin) -> Iterator[None]:
    token = _current.set(origin)
    try:
        yield
    finally:
        _current.reset(token)


def note_api_key(key: ApiKey) -> None:
    """Adds the key to the origin of the request being answered."""
    _current.set(replace(_current.get(), api_key=key))


def origin_of(request: HttpRequest) -> Origin:
    return Origin(request_id=getattr(request, "request_id", ""), ip=client_ip(request))


def client_ip(request: HttpRequest) -> str | None:
    """Of the peer, or from X-Forwarded-For where ALLAUTH_TRUSTED_PROXY_COUNT says how many proxies are ours."""
    from allauth.account.adapter import get_adapter  # not at import: the adapter itself uses the audit trail

    try:
        return str(get_adapter().get_client_ip(request))
    except (ImproperlyConfigured, PermissionDenied):
        return None
