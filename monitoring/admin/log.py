"""The prediction log, read only. Only the newest rows are listed: nothing here may grow with the log."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from experiments.admin.base import EstimatingPaginator, ReadOnlyAdmin
from monitoring.models import Feedback, LogLoss, Prediction, PredictionArchive, Source, WaitingFeedback

NEWEST = 500


class _NewestPaginator(EstimatingPaginator):
    """Counts at most the newest rows."""

    @cached_property
    def count(self) -> int:
        return len(self.object_list[:NEWEST].values_list("pk"))  # type: ignore[call-overload, attr-defined, union-attr]


class _LogAdmin(ReadOnlyAdmin):
    paginator = _NewestPaginator
    ordering = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).order_by("-day")


@admin.register(Prediction)
class PredictionAdmin(_LogAdmin):
    list_display = ("id", "at", "source_id", "user", "latency_ms", "error")


@admin.register(Feedback)
class FeedbackAdmin(_LogAdmin):
    list_display = ("id", "day", "prediction_id", "item", "kind", "value", "label", "at")


@admin.register(WaitingFeedback)
class WaitingFeedbackAdmin(ReadOnlyAdmin):
    list_display = ("id", "prediction_id", "item", "kind", "received_at")


@admin.register(Source)
class SourceAdmin(ReadOnlyAdmin):
    list_display = ("id", "model", "version", "label", "role", "created_at")
    list_select_related = ("model", "version__model")


@admin.register(PredictionArchive)
class PredictionArchiveAdmin(ReadOnlyAdmin):
    list_display = ("day", "workspace", "predictions", "feedback", "size_bytes", "written_at", "dropped_at")


@admin.register(LogLoss)
class LogLossAdmin(ReadOnlyAdmin):
    list_display = ("day", "reason", "workspace", "count", "last_at")
    list_filter = ("reason",)
