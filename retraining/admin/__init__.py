"""Every table of retraining in the Django admin, read only: pages and services change them, with an audit row."""

from django.contrib import admin

from experiments.admin.base import ReadOnlyAdmin
from retraining.models import (
    Decision,
    Drill,
    KillSwitch,
    Policy,
    Retraining,
    RetrainingStep,
    Tour,
    TourStep,
    Trial,
    TrialArm,
    TrialReading,
)


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    list_display = ("model", "revision", "schedule_since", "updated_by", "updated_at")
    list_select_related = ("model", "updated_by")


@admin.register(KillSwitch)
class KillSwitchAdmin(ReadOnlyAdmin):
    list_display = ("workspace", "stopped", "reason", "by", "at")
    list_select_related = ("workspace", "by")


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("at", "model", "tier", "action", "answer", "through", "asked_by")
    list_filter = ("tier", "action", "answer", "through")
    list_select_related = ("model", "asked_by")


@admin.register(Retraining)
class RetrainingAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "model", "state", "base", "version", "sentence", "ended_at")
    list_filter = ("state",)
    list_select_related = ("model", "base__model", "version__model")


@admin.register(RetrainingStep)
class RetrainingStepAdmin(ReadOnlyAdmin):
    list_display = ("retraining_id", "number", "kind", "state", "attempts", "started_at", "ended_at")
    list_filter = ("kind", "state")


@admin.register(Trial)
class TrialAdmin(ReadOnlyAdmin):
    list_display = ("name", "model", "kind", "method", "state", "metric", "started_at", "ended_at")
    list_filter = ("state", "kind", "method")
    list_select_related = ("model",)


@admin.register(TrialArm)
class TrialArmAdmin(ReadOnlyAdmin):
    list_display = ("trial", "version", "share", "is_control")
    list_select_related = ("trial", "version__model")


@admin.register(TrialReading)
class TrialReadingAdmin(ReadOnlyAdmin):
    list_display = ("trial", "at")
    list_select_related = ("trial",)


@admin.register(Drill)
class DrillAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "name", "dataset", "status", "phase", "created_by")
    list_filter = ("status",)
    list_select_related = ("dataset", "created_by")


@admin.register(Tour)
class TourAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "workspace", "state", "sentence", "ended_at")
    list_select_related = ("workspace",)


@admin.register(TourStep)
class TourStepAdmin(ReadOnlyAdmin):
    list_display = ("tour_id", "number", "key", "state", "sentence", "started_at", "ended_at")
    list_filter = ("state",)
