"""Runs, their results and what people wrote about them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from experiments.admin.base import ReadOnlyAdmin, each
from experiments.models import (
    Artifact,
    CustomMetric,
    CustomMetricOutcome,
    EpochMetrics,
    EvaluationDetail,
    Experiment,
    LogLine,
    MetricValue,
    ParameterValue,
    RunMark,
    SavedView,
)
from experiments.services import launch


@admin.register(Experiment)
class ExperimentAdmin(ReadOnlyAdmin):
    list_display = ("name", "status", "architecture", "dataset", "workspace", "created_by", "created_at", "deleted_at")
    list_filter = ("status", "architecture", "run_type", "workspace")
    list_select_related = ("dataset", "workspace", "created_by")
    search_fields = ("name", "id")
    date_hierarchy = "created_at"
    actions = ("stop", "retry", "delete_softly", "restore")

    @admin.action(description="Stop", permissions=["operate"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Experiment]) -> None:
        each(self, request, queryset, lambda run: launch.stop(run, request.user), "asked to stop")  # type: ignore[arg-type]

    @admin.action(description="Retry", permissions=["operate"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Experiment]) -> None:
        each(self, request, queryset, lambda run: launch.retry(run, request.user), "queued again")  # type: ignore[arg-type]

    @admin.action(description="Delete (can be brought back)", permissions=["operate"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Experiment]) -> None:
        each(self, request, queryset, lambda run: launch.delete(run, request.user), "deleted")  # type: ignore[arg-type]

    @admin.action(description="Bring back", permissions=["operate"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Experiment]) -> None:
        each(self, request, queryset, lambda run: launch.restore(run, request.user), "brought back")  # type: ignore[arg-type]


@admin.register(MetricValue)
class MetricValueAdmin(ReadOnlyAdmin):
    list_display = (
        "experiment",
        "protocol",
        "name",
        "segment",
        "value",
        "random",
        "popularity",
        "oracle",
        "users_counted",
    )
    list_filter = ("protocol",)
    list_select_related = ("experiment",)
    search_fields = ("=name", "=experiment__id")


@admin.register(EpochMetrics)
class EpochMetricsAdmin(ReadOnlyAdmin):
    list_display = ("experiment", "epoch", "values", "recorded_at")
    list_select_related = ("experiment",)
    search_fields = ("=experiment__id",)


@admin.register(EvaluationDetail)
class EvaluationDetailAdmin(ReadOnlyAdmin):
    list_display = ("experiment",)
    list_select_related = ("experiment",)
    search_fields = ("=experiment__id",)


@admin.register(LogLine)
class LogLineAdmin(ReadOnlyAdmin):
    list_display = ("at", "experiment", "attempt", "level", "message")
    list_filter = ("level",)
    list_select_related = ("experiment",)
    search_fields = ("=experiment__id",)


@admin.register(Artifact)
class ArtifactAdmin(ReadOnlyAdmin):
    list_display = ("name", "experiment", "kind", "size_bytes", "sha256")
    list_filter = ("kind",)
    list_select_related = ("experiment",)
    search_fields = ("name", "=sha256", "=experiment__id")


@admin.register(ParameterValue)
class ParameterValueAdmin(ReadOnlyAdmin):
    list_display = ("experiment", "name", "text", "number")
    list_select_related = ("experiment",)
    search_fields = ("=name", "=experiment__id")


@admin.register(CustomMetric)
class CustomMetricAdmin(ReadOnlyAdmin):
    list_display = ("name", "label", "version", "workspace", "created_by", "created_at", "archived_at")
    list_filter = ("workspace",)
    list_select_related = ("workspace", "created_by")
    search_fields = ("name", "label")


@admin.register(CustomMetricOutcome)
class CustomMetricOutcomeAdmin(ReadOnlyAdmin):
    list_display = ("metric", "experiment", "version", "reason", "computed_at")
    list_select_related = ("metric", "experiment")
    search_fields = ("=experiment__id", "=metric__name")


@admin.register(RunMark)
class RunMarkAdmin(ReadOnlyAdmin):
    list_display = ("experiment", "kind", "user", "workspace", "created_at")
    list_filter = ("kind",)
    list_select_related = ("experiment", "user", "workspace")


@admin.register(SavedView)
class SavedViewAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner", "shared", "workspace", "updated_at")
    list_select_related = ("owner", "workspace")
    search_fields = ("name",)
