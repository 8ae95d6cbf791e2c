"""Every table of monitoring in the Django admin; one file a part, imported here."""

from monitoring.admin import log, service, windows

__all__ = ["log", "service", "windows"]
