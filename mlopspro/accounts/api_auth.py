"""Who may call an operation of the API: a key in the Authorization header, or the session of a browser.

    @router.post("/train")
    @requires_api(Action.LAUNCH_TRAINING)
    def train(request: HttpRequest, spec: LaunchSpec) -> ...

The operation then has request.user, request.workspace and request.membership, as pages do. It is checked before the
body is read: who is not entitled learns nothing about what would be valid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf, contribute_operation_callback

from mlopspro.accounts.access import admit
from mlopspro.accounts.events import Event
from mlopspro.accounts.models import User
from mlopspro.accounts.origin import current_origin, note_api_key
from mlopspro.accounts.permissions import Action, NotAllowed
from mlopspro.accounts.services import audit, keys
from mlopspro.accounts.standing import Standing
from mlopspro.core.marks import ATTRIBUTE, Access

Operation = TypeVar("Operation", bound=Callable[..., Any])
REFUSALS_ONCE_IN_SECONDS = 60


class ApiKeyAuth(HttpBearer):
    """``Authorization: Bearer mlops_…``. A key that is unknown, expired, revoked or whose owner left is 401."""

    def __init__(self, action: Action | None = None, *, recalled: bool = False) -> None:
        super().__init__()
        self.action = action
        self.check = keys.recall_token if recalled else keys.check_token

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        credentials = self.check(token)
        if credentials is None:
            _audit_refused_key(token)
            return None
        key = credentials.key
        note_api_key(key)
        request.user = key.owner
        request.standing = Standing(request, membership=credentials.membership, api_key=key)  # type: ignore[attr-defined]
        _admit(request, self.action)
        return key.owner


class SessionAuth(APIKeyCookie):
    """The cookie of a signed-in browser, with Django's CSRF check (token and origin) for everything but reading."""

    param_name = settings.SESSION_COOKIE_NAME

    def __init__(self, action: Action | None = None) -> None:
        super().__init__(csrf=False)  # checked below, after it is known that there is a session to protect
        self.action = action

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        # Who sends a key wants to be judged by it: a wrong one is never rescued by a cookie.
        if request.headers.get("Authorization") or not request.user.is_authenticated:
            return None
        if check_csrf(request) is not None:
            raise NotAllowed(
                "The CSRF check failed. Send the X-CSRFToken header from a page of this site, or use an API key."
            )
        _admit(request, self.action)
        return request.user


def _admit(request: HttpRequest, action: Action | None) -> None:
    if action is None:
        raise NotAllowed("This operation does not say who may call it, so nobody may.")
    admit(request, action)


def _audit_refused_key(token: str) -> None:
    match = keys.TOKEN.match(token)
    prefix = match.group(1) if match else ""
    if cache.add(f"key-refused:{prefix}:{current_origin().ip}", 1, REFUSALS_ONCE_IN_SECONDS):
        audit.record(action=Event.KEY_REFUSED, label=prefix or "not of the form of a key")


API_AUTH = [ApiKeyAuth(), SessionAuth()]
"""Of the API as a whole: refuses every operation that has not been given an action by requires_api."""


def requires_api(action: Action, *, recalled: bool = False) -> Callable[[Operation], Operation]:
    """Says which action an operation is; stands below the router's decorator.

    ``recalled``: a key that was right within the last two seconds is not asked about again (``services/key_recall``).
    For answers that are asked for hundreds of times a second; not for anything that changes something.
    """

    def decorate(operation: Operation) -> Operation:
        setattr(operation, ATTRIBUTE, Access(action=action, change=action))
        contribute_operation_callback(operation, lambda made: _guard(made, action, recalled))
        return operation

    return decorate


def _guard(operation: Any, action: Action, recalled: bool) -> None:
    operation.auth_param = [ApiKeyAuth(action, recalled=recalled), SessionAuth(action)]
    operation.auth_callbacks = operation.auth_param
