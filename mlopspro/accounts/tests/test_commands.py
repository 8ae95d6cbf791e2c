"""Commands for those who have the machine and no browser."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from mlopspro.accounts.models import Membership, User
from mlopspro.accounts.permissions import Role
from mlopspro.accounts.services import keys
from mlopspro.testing.people import PASSWORD, browser, make_member, make_person

pytestmark = pytest.mark.django_db


def run(*arguments, **options):
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


def test_create_user_prints_a_link_that_works(workspace):
    printed = run("create_user", "New@Example.org", "--role", "engineer", "--workspace", workspace.slug)
    user = User.objects.get(email="new@example.org")
    assert Membership.objects.get(user=user).role == Role.ENGINEER
    link = printed.strip().rsplit(" ", 1)[-1]
    assert b"Set a password" in browser().get(link, follow=True).content


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["not-an-address"], "email"),
        (["a@example.org", "--workspace", "nowhere"], "--workspace: 'nowhere' does not exist; accepted: ws-"),
    ],
)
def test_create_user_says_what_it_would_accept(workspace, arguments, said):
    with pytest.raises(CommandError, match=said):
        run("create_user", *arguments)


def test_create_api_key_prints_the_key_and_nothing_else(admin, workspace):
    token = run("create_api_key", admin.email, "--scope", "train", "--workspace", workspace.slug).strip()
    found = keys.check_token(token)
    assert (found.key.owner, found.key.scopes) == (admin, ["train"])


def test_create_api_key_refuses_strangers(workspace):
    with pytest.raises(CommandError, match="nobody here has the address"):
        run("create_api_key", "nobody@example.org", "--workspace", workspace.slug)
    with pytest.raises(CommandError, match="not a member"):
        run("create_api_key", make_person().email, "--workspace", workspace.slug)


def test_reset_admin_password_replaces_the_password_and_ends_sessions(workspace):
    operator = make_member(workspace, is_superuser=True, is_staff=True)
    client = browser(operator)
    printed = run("reset_admin_password", "--email", operator.email)
    operator.refresh_from_db()
    assert not operator.check_password(PASSWORD)
    assert operator.check_password(printed.rsplit(" ", 1)[-1].strip())
    assert client.get("/settings/profile/").status_code == 302


def test_reset_admin_password_touches_operators_only(admin):
    with pytest.raises(CommandError, match="not an operator"):
        run("reset_admin_password", "--email", admin.email)
