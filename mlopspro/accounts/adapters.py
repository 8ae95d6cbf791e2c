"""How django-allauth behaves here: nobody signs up by themselves, and guessing passwords is braked and audited."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from mlopspro.accounts.events import Event
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit, throttle


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Where ``next`` may lead: this very host. allauth would also take every other host we answer to."""
        host = self.request.get_host()
        return url_has_allowed_host_and_scheme(url, allowed_hosts={host}, require_https=self.request.is_secure())

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("accounts:profile")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        if throttle.too_many_failures(str(credentials.get("email") or ""), self._ip(request)):
            raise self.validation_error("too_many_login_attempts")
        super().pre_authenticate(request, **credentials)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        email = str(credentials.get("email") or "").strip().lower()
        audit.record(action=Event.SIGN_IN_FAILED, obj=User.objects.filter(email=email).first(), label=email)

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        """Reached with the right password only, so that the answer tells nothing to somebody who guesses."""
        if isinstance(user, User):
            audit.record(action=Event.SIGN_IN_REFUSED, obj=user, label=user.email, reason="The account is disabled.")
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response

    def _ip(self, request: HttpRequest) -> str | None:
        return str(self.get_client_ip(request))


class KnownPeopleSocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Single sign-on lets in people who have an account, found by an address that the provider has verified."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.is_existing:
            return
        verified = {item.email.strip().lower() for item in sociallogin.email_addresses if item.verified}
        user = User.objects.filter(email__in=verified, is_active=True).first() if len(verified) == 1 else None
        if user is not None:
            sociallogin.connect(request, user)
            return
        shown = ", ".join(sorted(item.email for item in sociallogin.email_addresses))
        audit.record(
            action=Event.SIGN_IN_REFUSED, label=shown, reason="Single sign-on without a verified known address."
        )
        messages.error(request, "Single sign-on knows you, but you have no account here. Ask an administrator for one.")
        raise ImmediateHttpResponse(HttpResponseRedirect(reverse("account_login")))
