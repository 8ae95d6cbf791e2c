"""The table of roles says what decision D7 says, and scopes only ever take away."""

import pytest

from mlopspro.accounts.models import Membership
from mlopspro.accounts.permissions import SCOPE_TABLE, Action, Role, Scope, can, role_allows, scopes_allow
from mlopspro.testing.people import make_member, make_person, make_workspace

READS = {"view", "manage_own_keys"}
TRAINS = {
    "import_dataset", "delete_dataset", "launch_training", "stop_training", "edit_experiment", "delete_experiment",
    "edit_recipe", "ask_model", "handle_alert",
}  # fmt: skip
PROMOTES = {"approve_recipe", "register_model", "promote_model", "deploy_model", "log_predictions", "edit_policy"}
ADMINISTERS = {"manage_people", "manage_keys", "manage_workspace", "view_audit", "kill_switch"}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("viewer", READS),
        ("scientist", READS | TRAINS),
        ("engineer", READS | TRAINS | PROMOTES),
        ("manager", READS | {"edit_prices"}),
        ("administrator", READS | TRAINS | PROMOTES | ADMINISTERS | {"edit_prices"}),
    ],
)
def test_each_role_may_do_exactly_what_the_decision_gives_it(role, expected):
    assert {action.value for action in Action if role_allows(Role(role), action)} == expected


def test_only_the_administrator_administers():
    for action in ADMINISTERS:
        assert [role for role in Role if role_allows(role, Action(action))] == [Role.ADMINISTRATOR]


def test_read_scope_changes_nothing():
    assert {action for action in Action if scopes_allow(["read"], action)} == {Action.VIEW}


def test_every_scope_is_in_the_table_and_unknown_scopes_allow_nothing():
    assert set(SCOPE_TABLE) == set(Scope)
    assert not any(scopes_allow(["everything", ""], action) for action in Action)


@pytest.mark.django_db
def test_a_role_counts_only_in_its_workspace_and_only_while_it_lasts():
    here, there = make_workspace(), make_workspace()
    user = make_member(here, Role.ENGINEER)
    assert can(user, here, Action.PROMOTE_MODEL)
    assert not can(user, there, Action.VIEW)
    Membership.objects.filter(user=user).update(role=Role.VIEWER)
    assert not can(user, here, Action.PROMOTE_MODEL)
    user.is_active = False
    assert not can(user, here, Action.VIEW)


@pytest.mark.django_db
def test_an_operator_has_no_role_by_being_one():
    operator = make_person(is_superuser=True, is_staff=True)
    assert not can(operator, make_workspace(), Action.VIEW)
