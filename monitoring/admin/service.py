"""The product's own processes and answers, read only."""

from django.contrib import admin

from experiments.admin.base import ReadOnlyAdmin
from monitoring.models import ProcessBeat, ServiceMinute


@admin.register(ProcessBeat)
class ProcessBeatAdmin(ReadOnlyAdmin):
    list_display = ("name", "host", "pid", "started_at", "beat_at")


@admin.register(ServiceMinute)
class ServiceMinuteAdmin(ReadOnlyAdmin):
    list_display = ("minute", "group", "process", "requests", "errors")
    list_filter = ("group",)
