"""Windows and snapshots, read only: they are functions of the log."""

from django.contrib import admin

from experiments.admin.base import ReadOnlyAdmin
from monitoring.models import Snapshot, StaleMinute, Window


@admin.register(Window)
class WindowAdmin(ReadOnlyAdmin):
    list_display = ("start", "level", "source_id", "state", "predictions", "errors", "labelled", "revision")
    list_filter = ("level", "state")


@admin.register(StaleMinute)
class StaleMinuteAdmin(ReadOnlyAdmin):
    list_display = ("id", "source_id", "minute")


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    list_display = ("captured_at", "model", "kind", "through")
    list_select_related = ("model",)
