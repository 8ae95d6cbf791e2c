"""Settings, references, checks and findings, read only: pages and services change them, with an audit row."""

from django.contrib import admin

from experiments.admin.base import ReadOnlyAdmin
from monitoring.models import Check, Finding, MonitoringSettings, Reference


@admin.register(MonitoringSettings)
class MonitoringSettingsAdmin(ReadOnlyAdmin):
    list_display = ("model", "cost_limit", "minimum_labels", "minimum_sample", "updated_by", "updated_at")
    list_select_related = ("model", "updated_by")


@admin.register(Reference)
class ReferenceAdmin(ReadOnlyAdmin):
    list_display = ("id", "version", "kind", "start", "end", "active", "created_at")
    list_select_related = ("version__model",)


@admin.register(Check)
class CheckAdmin(ReadOnlyAdmin):
    list_display = ("at", "model", "area", "verdict", "score", "start", "end", "through")
    list_filter = ("area", "verdict")
    list_select_related = ("model",)


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    list_display = ("check_of_id", "signal", "statistic", "value", "threshold", "adjusted_p", "verdict")
    list_filter = ("verdict", "statistic")
