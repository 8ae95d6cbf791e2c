"""Every table of this app in the Django admin. Rows are looked at here; what changes one goes through its service."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from experiments.models import (
    Artifact,
    CustomMetric,
    CustomMetricOutcome,
    Dataset,
    DatasetImport,
    EpochMetrics,
    EvaluationDetail,
    Experiment,
    LoggedRun,
    LoggedSource,
    LogLine,
    MetricValue,
    OutboxEntry,
    ParameterValue,
    RunMark,
    SavedView,
    TrackerHealth,
    TrackerRun,
)
from experiments.models.job import JobStateError
from experiments.services import datasets, delivery, launch

if TYPE_CHECKING:  # generic for the type checker only
    AnyAdmin = admin.ModelAdmin[Any]
    AnyPaginator = Paginator[Any]
else:
    AnyAdmin, AnyPaginator = admin.ModelAdmin, Paginator

COUNT_EXACTLY_BELOW = 100_000


class EstimatingPaginator(AnyPaginator):
    """Takes PostgreSQL's own estimate for a large, unfiltered table; counting millions of rows takes seconds."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if isinstance(rows, QuerySet) and not rows.query.where:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass", [rows.model._meta.db_table]
                )
                estimated = int(cursor.fetchone()[0])
            if estimated >= COUNT_EXACTLY_BELOW:
                return estimated
        return int(super().count)


class ReadOnlyAdmin(AnyAdmin):
    """Results, and what the product keeps for itself: nobody edits them by hand."""

    paginator = EstimatingPaginator
    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether the actions of this table are offered: who may change its rows, though only through a service."""
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")


def each(
    admin_class: AnyAdmin, request: HttpRequest, rows: QuerySet[Any], act: Callable[[Any], object], done: str
) -> None:
    """Calls a service for each ticked row and says what came of it; a refusal of one does not stop the others."""
    count = 0
    for row in rows:
        try:
            act(row)
            count += 1
        except JobStateError as error:
            admin_class.message_user(request, f"{row}: {error}", messages.WARNING)
    if count:
        admin_class.message_user(request, f"{count} {done}.", messages.SUCCESS)


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


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "feedback",
        "num_interactions",
        "num_users",
        "num_items",
        "workspace",
        "created_at",
        "deleted_at",
    )
    list_filter = ("feedback", "workspace")
    list_select_related = ("workspace",)
    search_fields = ("name", "sha256")
    actions = ("delete_softly", "restore")

    @admin.action(description="Delete (can be brought back)", permissions=["operate"])
    def delete_softly(self, request: HttpRequest, queryset: QuerySet[Dataset]) -> None:
        each(self, request, queryset, lambda row: datasets.delete(row, request.user), "deleted")  # type: ignore[arg-type]

    @admin.action(description="Bring back", permissions=["operate"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Dataset]) -> None:
        each(self, request, queryset, lambda row: datasets.restore(row, request.user), "brought back")  # type: ignore[arg-type]


@admin.register(DatasetImport)
class DatasetImportAdmin(ReadOnlyAdmin):
    list_display = ("name", "format", "status", "dataset", "workspace", "created_by", "created_at")
    list_filter = ("status", "format", "workspace")
    list_select_related = ("dataset", "workspace", "created_by")
    search_fields = ("name",)


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
