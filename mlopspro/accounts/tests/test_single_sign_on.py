"""Single sign-on lets in people with an account, and only by an address the provider has verified."""

import pytest
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.test import RequestFactory

from mlopspro.accounts.adapters import KnownPeopleSocialAdapter
from mlopspro.accounts.models import AuditEntry, User
from mlopspro.testing.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of_a_stranger(settings):
    app = {"provider_id": "oidc", "name": "SSO", "client_id": "id", "secret": "s", "settings": {"server_url": "x"}}
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    request = RequestFactory().get("/")
    SessionMiddleware(lambda r: None).process_request(request)
    MessageMiddleware(lambda r: None).process_request(request)
    return request


def login_of(email, *, verified):
    account = SocialAccount(provider="oidc", uid=f"uid-of-{email}")
    return SocialLogin(
        user=User(email=email), account=account, email_addresses=[EmailAddress(email=email, verified=verified)]
    )


def test_a_verified_known_address_is_connected(request_of_a_stranger):
    user = make_person()
    login = login_of(user.email.upper(), verified=True)
    KnownPeopleSocialAdapter().pre_social_login(request_of_a_stranger, login)
    assert SocialAccount.objects.get(uid=login.account.uid).user == user


@pytest.mark.parametrize("case", ["unverified", "unknown", "disabled"])
def test_everybody_else_is_refused_and_audited(request_of_a_stranger, case):
    user = make_person(is_active=case != "disabled")
    email = "stranger@example.org" if case == "unknown" else user.email
    with pytest.raises(ImmediateHttpResponse):
        KnownPeopleSocialAdapter().pre_social_login(
            request_of_a_stranger, login_of(email, verified=case != "unverified")
        )
    assert not SocialAccount.objects.exists()
    assert AuditEntry.objects.filter(action="sign_in_refused", object_label=email).exists()
