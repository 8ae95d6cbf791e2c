"""Signing in and out: what an attacker tries, and what a person needs."""

import re
import secrets

import pytest
from django.conf import settings
from django.core import mail
from django.urls import reverse

from mlopspro.accounts.models import AuditEntry, User
from mlopspro.testing.people import PASSWORD, browser, make_person

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


def sign_in(client, email, password=PASSWORD, **extra):
    return client.post(LOGIN, {"login": email, "password": password, **extra})


def signed_in(client):
    return client.get("/settings/profile/").status_code == 200


def without_what_always_differs(response, *texts):
    body = response.content.decode()
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": "\w+"', "", body)
    for text in texts:
        body = body.replace(text, "…")
    return body


def test_right_password_leads_to_where_one_was_going():
    client, user = browser(), make_person()
    assert client.get("/settings/profile/").url == f"{LOGIN}?next=/settings/profile/"
    response = sign_in(client, user.email.upper(), next="/settings/profile/")
    assert (response.status_code, response.url) == (302, "/settings/profile/")
    assert signed_in(client)
    assert AuditEntry.objects.filter(action="signed_in", actor=user, ip=client.defaults["REMOTE_ADDR"]).exists()


def test_wrong_password_and_unknown_address_get_the_same_answer():
    user, nobody = make_person(), f"{secrets.token_hex(6)}@example.org"
    wrong = sign_in(browser(), user.email, "not the password")
    unknown = sign_in(browser(), nobody, "not the password")
    assert wrong.status_code == unknown.status_code == 200
    assert without_what_always_differs(wrong, user.email) == without_what_always_differs(unknown, nobody)
    assert AuditEntry.objects.filter(action="sign_in_failed", object_label__in=[user.email, nobody]).count() == 2


@pytest.mark.parametrize("known", [True, False])
def test_guessing_is_braked_for_known_and_unknown_addresses_alike(known):
    email = make_person().email if known else f"{secrets.token_hex(6)}@example.org"
    for _ in range(5):
        sign_in(browser(), email, "guess")  # each from another network address
    client = browser()
    response = sign_in(client, email)
    assert b"Too many failed login attempts" in response.content
    assert not signed_in(client)


def test_the_brake_holds_while_redis_is_down(settings):
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    user = make_person()
    for _ in range(5):
        sign_in(browser(), user.email, "guess")
    client = browser()
    sign_in(client, user.email)
    assert not signed_in(client)


def test_a_forged_forwarding_header_does_not_shake_off_the_brake():
    client = browser()
    for number in range(30):
        client.post(
            LOGIN,
            {"login": f"{secrets.token_hex(6)}@example.org", "password": "guess"},
            HTTP_X_FORWARDED_FOR=f"192.0.2.{number}",
        )
    user = make_person()
    client.post(LOGIN, {"login": user.email, "password": PASSWORD}, HTTP_X_FORWARDED_FOR="192.0.2.200")
    assert not signed_in(client)


def test_signing_in_changes_the_session_key_and_the_old_one_is_worthless():
    client, user = browser(), make_person()
    client.get(LOGIN)
    session = client.session
    session["planted"] = "by an attacker"
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = planted = session.session_key
    sign_in(client, user.email)
    assert client.cookies[settings.SESSION_COOKIE_NAME].value != planted
    attacker = browser()
    attacker.cookies[settings.SESSION_COOKIE_NAME] = planted
    assert not signed_in(attacker)


def test_the_session_cookie_is_kept_from_scripts_and_other_sites():
    client, user = browser(), make_person()
    sign_in(client, user.email)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["max-age"] == settings.SESSION_COOKIE_AGE


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "https:evil.example",
        "http://testserver@evil.example/",
        "/\t/evil.example",
        "https://localhost/",
    ],
)
def test_next_leads_nowhere_but_here(target):
    response = sign_in(browser(), make_person().email, next=target)
    assert (response.status_code, response.url) == (302, "/")


def test_nobody_signs_up_by_themselves():
    form = {"email": "new@example.org", "password1": PASSWORD, "password2": PASSWORD}
    response = browser().post("/accounts/signup/", form)
    assert b"Accounts are made by administrators" in response.content
    assert not User.objects.filter(email="new@example.org").exists()
    for address in ("/accounts/email/", "/accounts/social/signup/", "/accounts/confirm-email/"):
        assert browser().get(address).status_code == 404


def test_sign_in_without_csrf_token_is_refused():
    client = browser(csrf=True)
    assert sign_in(client, make_person().email).status_code == 403


def test_signing_out_takes_a_post():
    client, user = browser(), make_person()
    client.force_login(user)
    assert client.get("/accounts/logout/").status_code == 200
    assert signed_in(client)
    client.post("/accounts/logout/")
    assert not signed_in(client)
    assert AuditEntry.objects.filter(action="signed_out", actor=user).exists()


def test_a_disabled_person_is_told_so_only_with_the_right_password():
    user = make_person(is_active=False)
    assert sign_in(browser(), user.email).url == reverse("account_inactive")
    unknown = f"{secrets.token_hex(6)}@example.org"
    wrong = without_what_always_differs(sign_in(browser(), user.email, "guess"), user.email)
    assert wrong == without_what_always_differs(sign_in(browser(), unknown, "guess"), unknown)
    assert AuditEntry.objects.filter(action="sign_in_refused", object_id=str(user.pk)).exists()


def test_a_forged_host_is_refused_so_no_mail_can_carry_it():
    user = make_person()
    assert (
        browser().post("/accounts/password/reset/", {"email": user.email}, HTTP_HOST="evil.example").status_code == 400
    )
    browser().post("/accounts/password/reset/", {"email": user.email}, HTTP_X_FORWARDED_HOST="evil.example")
    assert len(mail.outbox) == 1
    assert "evil.example" not in mail.outbox[0].body


def test_asking_for_a_new_password_tells_nobody_who_has_an_account():
    known = browser().post("/accounts/password/reset/", {"email": make_person().email})
    unknown = browser().post("/accounts/password/reset/", {"email": f"{secrets.token_hex(6)}@example.org"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_a_password_link_sets_a_password_once():
    user, client = make_person(), browser()
    client.post("/accounts/password/reset/", {"email": user.email})
    link = re.search(r"http://testserver(/\S+)", mail.outbox[0].body).group(1)
    page = client.get(link, follow=True)
    assert link not in page.redirect_chain[0][0], "the key must not stay in the address"
    new = "another battery entirely"
    client.post(page.redirect_chain[0][0], {"password1": new, "password2": new})
    user.refresh_from_db()
    assert user.check_password(new)
    again = browser().get(link, follow=True)
    assert b"This link no longer works" in again.content


def test_a_disabled_person_gets_no_working_link():
    user = make_person(is_active=False)
    browser().post("/accounts/password/reset/", {"email": user.email})
    assert not any("/password/reset/key/" in message.body for message in mail.outbox)


def test_a_common_or_short_password_is_refused():
    user = make_person()
    client = browser(user)
    for weak in ("short", "password1234", user.email):
        client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": weak, "password2": weak})
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_pages_of_signed_in_people_are_not_stored():
    response = browser(make_person()).get("/settings/profile/")
    assert "no-store" in response["Cache-Control"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
