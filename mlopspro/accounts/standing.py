"""Where the person behind a request stands: workspaces, the current one, and what is allowed there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from functools import cached_property

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from mlopspro.accounts.models import ApiKey, Membership, User, Workspace
from mlopspro.accounts.permissions import Action, scopes_allow

SESSION_KEY = "workspace"
OPEN_ADMIN = "open_admin"
"""Not an act in a workspace: the Django admin spans them all and is for operators of the installation."""


class Standing:
    """Asked lazily, so that a request which needs no workspace costs no query; one query otherwise."""

    def __init__(self, request: HttpRequest, *, membership: Membership | None = None, api_key: ApiKey | None = None):
        self._request = request
        self.api_key = api_key
        if membership is not None:
            self.memberships = [membership]

    @cached_property
    def memberships(self) -> Sequence[Membership]:
        """All of the signed-in person, by name of workspace; none for a stranger."""
        user: User | AnonymousUser = self._request.user
        if not user.is_authenticated:
            return []
        return list(user.memberships.select_related("workspace").order_by("workspace__name"))

    @cached_property
    def membership(self) -> Membership | None:
        """In the workspace chosen in this session, else in the one the person has been in for longest."""
        chosen = self._request.session.get(SESSION_KEY) if self.api_key is None else None
        oldest = min(self.memberships, key=lambda item: item.created_at, default=None)
        return next((item for item in self.memberships if str(item.workspace_id) == chosen), oldest)

    @property
    def workspace(self) -> Workspace | None:
        return self.membership.workspace if self.membership else None

    @property
    def workspaces(self) -> list[Workspace]:
        return [item.workspace for item in self.memberships]

    def can(self, action: str) -> bool:
        """Role in the current workspace, cut by the key's scopes where a key was used."""
        if action == OPEN_ADMIN:
            return self.api_key is None and bool(getattr(self._request.user, "is_staff", False))
        wanted = Action(action)
        if self.membership is None or not self.membership.allows(wanted):
            return False
        return self.api_key is None or scopes_allow(self.api_key.scopes, wanted)

    def choose(self, workspace_id: uuid.UUID) -> bool:
        """Makes a workspace of the person's own the current one for this session; False if it is not theirs."""
        if not any(item.workspace_id == workspace_id for item in self.memberships):
            return False
        self._request.session[SESSION_KEY] = str(workspace_id)
        self.__dict__.pop("membership", None)
        return True
