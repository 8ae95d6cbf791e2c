"""Settings of monitoring that make no sense are refused when a process starts, not when somebody looks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from mlopspro.core.outgoing_targets import bad_entries
from monitoring.services.health_rules import rules


@register()
def thresholds_make_sense(app_configs: Any, **_: Any) -> list[CheckMessage]:
    try:
        rules()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="monitoring.E001")]
    return []


@register()
def allowed_targets_make_sense(app_configs: Any, **_: Any) -> list[CheckMessage]:
    return [
        Error(
            f"MLOPSPRO_ALLOWED_TARGETS has {one!r}; accepted: host names and networks such as 10.0.0.0/8, without "
            "scheme and port.",
            id="monitoring.E002",
        )
        for one in bad_entries(settings.ALLOWED_TARGETS)
    ]
