"""Who may do what: five roles, one table (decision D7), and what a scope of an API key leaves of a role.

A new act gets a member of Action and a place in TABLE; nothing else in the product knows roles by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db.models import TextChoices

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from mlopspro.accounts.models import User, Workspace


class NotAllowed(PermissionDenied):
    """Signed in, but not entitled. The message is written for the person who reads it."""


class Action(TextChoices):
    VIEW = "view", "View"
    IMPORT_DATASET = "import_dataset", "Import a dataset"
    DELETE_DATASET = "delete_dataset", "Delete a dataset"
    LAUNCH_TRAINING = "launch_training", "Launch training"
    STOP_TRAINING = "stop_training", "Stop training"
    EDIT_EXPERIMENT = "edit_experiment", "Edit an experiment"
    DELETE_EXPERIMENT = "delete_experiment", "Delete an experiment"
    EDIT_RECIPE = "edit_recipe", "Edit a draft recipe"
    APPROVE_RECIPE = "approve_recipe", "Approve a recipe"
    REGISTER_MODEL = "register_model", "Register a model"
    PROMOTE_MODEL = "promote_model", "Promote a model"
    DEPLOY_MODEL = "deploy_model", "Deploy a model"
    ASK_MODEL = "ask_model", "Ask a model for an answer"
    LOG_PREDICTIONS = "log_predictions", "Send predictions and feedback"
    HANDLE_ALERT = "handle_alert", "Handle an alert"
    EDIT_POLICY = "edit_policy", "Edit a policy"
    EDIT_PRICES = "edit_prices", "Edit cost prices"
    MANAGE_OWN_KEYS = "manage_own_keys", "Manage one's own API keys"
    MANAGE_KEYS = "manage_keys", "Manage everybody's API keys"
    MANAGE_PEOPLE = "manage_people", "Manage people"
    MANAGE_WORKSPACE = "manage_workspace", "Manage the workspace"
    VIEW_AUDIT = "view_audit", "View the audit trail"
    KILL_SWITCH = "kill_switch", "Stop all automation"


class Role(TextChoices):
    VIEWER = "viewer", "Viewer"
    SCIENTIST = "scientist", "Scientist"
    ENGINEER = "engineer", "Engineer"
    MANAGER = "manager", "Manager"
    ADMINISTRATOR = "administrator", "Administrator"

    @property
    def description(self) -> str:
        return _DESCRIPTIONS[self]


_DESCRIPTIONS = {
    Role.VIEWER: "Reads everything in the workspace.",
    Role.SCIENTIST: "Imports data, trains and evaluates, drafts recipes, handles alerts.",
    Role.ENGINEER: "What a scientist does, and models, promotion, deployments and policies.",
    Role.MANAGER: "Reads everything and edits cost prices.",
    Role.ADMINISTRATOR: "Everything, and people, API keys and the kill switch.",
}

_READS = {Action.VIEW, Action.MANAGE_OWN_KEYS}
_EXPERIMENTS = _READS | {
    Action.IMPORT_DATASET,
    Action.DELETE_DATASET,
    Action.LAUNCH_TRAINING,
    Action.STOP_TRAINING,
    Action.EDIT_EXPERIMENT,
    Action.DELETE_EXPERIMENT,
    Action.EDIT_RECIPE,
    Action.ASK_MODEL,
    Action.HANDLE_ALERT,
}
_MODELS = {
    Action.APPROVE_RECIPE,
    Action.REGISTER_MODEL,
    Action.PROMOTE_MODEL,
    Action.DEPLOY_MODEL,
    Action.LOG_PREDICTIONS,
    Action.EDIT_POLICY,
}

TABLE: dict[Role, frozenset[Action]] = {
    Role.VIEWER: frozenset(_READS),
    Role.SCIENTIST: frozenset(_EXPERIMENTS),
    Role.ENGINEER: frozenset(_EXPERIMENTS | _MODELS),
    Role.MANAGER: frozenset(_READS | {Action.EDIT_PRICES}),
    Role.ADMINISTRATOR: frozenset(Action),
}


class Scope(TextChoices):
    """What an API key may do at most; its owner's role cuts it further."""

    READ = "read", "Read"
    DATASETS = "datasets", "Import and delete datasets"
    TRAIN = "train", "Launch, stop and edit runs"
    RECIPES = "recipes", "Draft and edit recipes"
    MODELS = "models", "Register, promote and roll back models"
    SERVE = "serve", "Ask models for answers"
    LOG = "log", "Send predictions and feedback"
    ADMIN = "admin", "Everything its owner may do"


SCOPE_TABLE: dict[Scope, frozenset[Action]] = {
    Scope.READ: frozenset({Action.VIEW}),
    Scope.DATASETS: frozenset({Action.VIEW, Action.IMPORT_DATASET, Action.DELETE_DATASET}),
    Scope.TRAIN: frozenset(
        {
            Action.VIEW,
            Action.LAUNCH_TRAINING,
            Action.STOP_TRAINING,
            Action.EDIT_EXPERIMENT,
            Action.DELETE_EXPERIMENT,
        }
    ),
    Scope.RECIPES: frozenset({Action.VIEW, Action.EDIT_RECIPE}),
    Scope.MODELS: frozenset({Action.VIEW, Action.REGISTER_MODEL, Action.PROMOTE_MODEL, Action.DEPLOY_MODEL}),
    Scope.SERVE: frozenset({Action.ASK_MODEL}),
    Scope.LOG: frozenset({Action.LOG_PREDICTIONS}),
    Scope.ADMIN: frozenset(Action),
}


def role_allows(role: Role, action: Action) -> bool:
    return action in TABLE[role]


def roles_that_allow(action: Action) -> list[Role]:
    return [role for role in Role if role_allows(role, action)]


def scopes_allow(scopes: list[str], action: Action) -> bool:
    """Scopes that are no longer known allow nothing."""
    return any(action in SCOPE_TABLE[Scope(scope)] for scope in scopes if scope in Scope.values)


def can(user: User | AnonymousUser, workspace: Workspace, action: Action) -> bool:
    """Whether the person's present role in the workspace allows the act. One query."""
    if not user.is_authenticated or not user.is_active:
        return False
    role = user.memberships.filter(workspace=workspace).values_list("role", flat=True).first()
    return role is not None and role_allows(Role(role), action)
