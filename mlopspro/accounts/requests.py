"""The request as views about a person get it. For a person in a workspace see mlopspro.core.http.WorkspaceRequest."""

from __future__ import annotations

from django.http import HttpRequest

from mlopspro.accounts.models import User
from mlopspro.accounts.standing import Standing


class SignedInRequest(HttpRequest):
    """What @signed_in views get; the person may be a member of no workspace."""

    user: User
    standing: Standing
