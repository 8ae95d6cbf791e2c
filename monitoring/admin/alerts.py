"""Alerts and channels, read only. Addresses of channels are sealed and not listed."""

from django.contrib import admin

from experiments.admin.base import ReadOnlyAdmin
from monitoring.models import Alert, AlertEvent, AlertRule, Channel, Delivery, DeliveryAttempt


@admin.register(Channel)
class ChannelAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "workspace", "least_severity", "enabled", "created_at")
    exclude = ("target", "signing_key")


@admin.register(AlertRule)
class AlertRuleAdmin(ReadOnlyAdmin):
    list_display = ("name", "model", "signal", "comparison", "threshold", "severity", "enabled", "seeded")
    list_filter = ("severity", "enabled", "seeded")
    list_select_related = ("model",)


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ("sentence", "rule", "state", "severity", "opened_at", "resolved_at", "occurrences")
    list_filter = ("state", "severity")
    list_select_related = ("rule",)


@admin.register(AlertEvent)
class AlertEventAdmin(ReadOnlyAdmin):
    list_display = ("alert_id", "kind", "at", "by")
    list_filter = ("kind",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("id", "event_id", "channel", "attempts", "next_at", "delivered_at", "last_error")
    list_select_related = ("channel",)


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(ReadOnlyAdmin):
    list_display = ("delivery_id", "at", "succeeded", "status", "milliseconds", "error")
