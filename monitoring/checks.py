"""Settings of monitoring that make no sense are refused when a process starts, not when somebody looks."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from monitoring.services.health_rules import rules


@register()
def thresholds_make_sense(app_configs: Any, **_: Any) -> list[CheckMessage]:
    try:
        rules()
    except ImproperlyConfigured as error:
        return [Error(str(error), id="monitoring.E001")]
    return []
