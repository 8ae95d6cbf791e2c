"""Signing in and passwords: the views of django-allauth that are used here, each with its mark, and no others."""

from allauth.account import views
from allauth.socialaccount import views as social_views
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.conf import settings
from django.urls import path, re_path

from mlopspro.accounts.access import public, signed_in

urlpatterns = [
    path("login/", public(views.login), name="account_login"),
    # Closed by the adapter: says whom to ask. The mail to an unknown address leads here.
    path("signup/", public(views.signup), name="account_signup"),
    path("logout/", public(views.logout), name="account_logout"),
    path("inactive/", public(views.account_inactive), name="account_inactive"),
    path("password/change/", signed_in(views.password_change), name="account_change_password"),
    path("password/set/", signed_in(views.password_set), name="account_set_password"),
    path("password/reset/", public(views.password_reset), name="account_reset_password"),
    path("password/reset/done/", public(views.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        public(views.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        public(views.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
]

if settings.SOCIALACCOUNT_PROVIDERS:
    urlpatterns += [
        path("oidc/<str:provider_id>/login/", public(oidc.login), name="openid_connect_login"),
        path("oidc/<str:provider_id>/login/callback/", public(oidc.callback), name="openid_connect_callback"),
        path("sso/cancelled/", public(social_views.login_cancelled), name="socialaccount_login_cancelled"),
        path("sso/error/", public(social_views.login_error), name="socialaccount_login_error"),
    ]
