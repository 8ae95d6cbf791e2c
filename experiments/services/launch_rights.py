"""What a launch needs beyond the right to launch: becoming a version and going live are rights of their own."""

from __future__ import annotations

from django.http import HttpRequest

from experiments.services.spec import LaunchSpec
from mlopspro.accounts.access import admit
from mlopspro.accounts.permissions import Action


def require_rights(request: HttpRequest, spec: LaunchSpec) -> None:
    """Raises NotAllowed, in the words that the person or the key's owner is to read, and audits the refusal."""
    if spec.register_as is not None:
        admit(request, Action.REGISTER_MODEL)
    if spec.auto_promote:
        admit(request, Action.PROMOTE_MODEL)
