"""Datasets and the imports that make them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from experiments.admin.base import ReadOnlyAdmin, each
from experiments.models import Dataset, DatasetImport
from experiments.services import datasets


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    list_display = (
        "name",
        "family",
        "feedback",
        "num_interactions",
        "num_users",
        "num_items",
        "workspace",
        "created_at",
        "deleted_at",
    )
    list_filter = ("family", "feedback", "workspace")
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
