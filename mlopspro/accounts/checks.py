"""``manage.py check`` fails for a page or API operation that does not say who may see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register

from mlopspro.accounts.routes import api_routes, routes


@register(Tags.security)
def every_view_says_who_may_see_it(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{route.pattern} ({route}) does not say who may see it.",
            hint="Decorate its view with @requires(Action…), @signed_in or @public of mlopspro.accounts.access.",
            id="accounts.E001",
        )
        for route in routes()
        if route.access is None and not route.gate
    ]


@register(Tags.security)
def every_operation_says_who_may_call_it(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{route} of the API does not say who may call it.",
            hint="Put @requires_api(Action…) of mlopspro.accounts.api_auth below the router's decorator.",
            id="accounts.E002",
        )
        for route in api_routes()
        if route.access is None or not (route.guarded or route.access.public)
    ]
