"""Mirrors of runs in trackers, and runs that were logged there."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from experiments.admin.base import ReadOnlyAdmin, each
from experiments.models import LoggedRun, LoggedSource, OutboxEntry, TrackerHealth, TrackerRun
from experiments.services import delivery


@admin.register(TrackerRun)
class TrackerRunAdmin(ReadOnlyAdmin):
    list_display = ("experiment", "tracker", "state", "external_id", "synced_at", "last_error")
    list_filter = ("tracker", "state")
    list_select_related = ("experiment",)
    search_fields = ("external_id", "=experiment__id")
    actions = ("retry_now",)

    @admin.action(description="Deliver now", permissions=["operate"])
    def retry_now(self, request: HttpRequest, queryset: QuerySet[TrackerRun]) -> None:
        each(self, request, queryset, delivery.retry_now, "tried again within seconds")


@admin.register(OutboxEntry)
class OutboxEntryAdmin(ReadOnlyAdmin):
    list_display = ("tracker_run", "seq", "kind", "created_at", "delivered_at")
    list_filter = ("kind",)
    list_select_related = ("tracker_run",)


@admin.register(TrackerHealth)
class TrackerHealthAdmin(ReadOnlyAdmin):
    list_display = ("tracker", "failures", "open_until", "last_ok_at", "last_error")


@admin.register(LoggedRun)
class LoggedRunAdmin(ReadOnlyAdmin):
    list_display = ("experiment", "tracker", "external_id", "external_experiment", "external_status", "synced_at")
    list_filter = ("tracker", "external_status")
    list_select_related = ("experiment",)
    search_fields = ("=external_id", "=experiment__id")


@admin.register(LoggedSource)
class LoggedSourceAdmin(ReadOnlyAdmin):
    list_display = ("name", "tracker", "external_id", "runs_found", "checked_at", "last_error")
    search_fields = ("name", "=external_id")
