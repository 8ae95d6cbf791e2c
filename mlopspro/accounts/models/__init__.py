from mlopspro.accounts.models.api_key import ApiKey
from mlopspro.accounts.models.audit import AuditEntry
from mlopspro.accounts.models.usage import PartUse
from mlopspro.accounts.models.user import Theme, User
from mlopspro.accounts.models.workspace import Membership, Workspace, WorkspaceOwned, WorkspaceQuerySet

__all__ = [
    "ApiKey",
    "AuditEntry",
    "Membership",
    "PartUse",
    "Theme",
    "User",
    "Workspace",
    "WorkspaceOwned",
    "WorkspaceQuerySet",
]
