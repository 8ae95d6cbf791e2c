"""Every table of monitoring in the Django admin; one file a part, imported here."""

from monitoring.admin import alerts, judgement, log, service, windows

__all__ = ["alerts", "judgement", "log", "service", "windows"]
