"""Structured logs: one line an event, on stderr, with the request or job it belongs to, and no secrets."""

from __future__ import annotations

import logging.config
import re
from collections.abc import Mapping
from typing import Any

import structlog

SECRET_NAME = re.compile(r"(?i)pass(word|wd)?\d*$|secret|token|api_?key|authorization|cookie|credential")
SECRET_IN_TEXT = re.compile(
    r"(?i)((?:password|secret|token|api_?key|authorization)[\"']?\s*[=:]\s*[\"']?)(?:bearer\s+)?[^\s\"',;&]+|(://[^/\s:@]*:)[^@\s/]+(?=@)"
)
REDACTED = "[redacted]"


def scrub_text(text: str) -> str:
    """The text with values of secret-looking assignments and passwords in URLs blacked out."""
    return SECRET_IN_TEXT.sub(lambda match: (match.group(1) or match.group(2)) + REDACTED, text)


def scrub(value: Any) -> Any:
    """The same structure with secret-looking keys and texts blacked out."""
    if isinstance(value, str):
        return scrub_text(value)
    if isinstance(value, Mapping):
        return {key: REDACTED if SECRET_NAME.search(str(key)) and item else scrub(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [scrub(item) for item in value]
    return value


def _scrub_event(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return dict(scrub(event))


def configure(settings: Mapping[str, Any]) -> None:
    """Called by Django with settings.LOGGING = {"level": ..., "json": ...}."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        _scrub_event,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if settings["json"]
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": settings["level"]},
            "loggers": {
                "django": {"handlers": [], "level": "INFO", "propagate": True},
                "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
                # A row for each refused or missing page is in the access log already.
                "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
                "celery.app.trace": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
                "django_celery_beat": {"level": "WARNING"},
            },
        }
    )
