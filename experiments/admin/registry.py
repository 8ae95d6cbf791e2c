"""The registry's tables. Stages are changed by their services alone, which keep one champion and the history."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from experiments.admin.base import ReadOnlyAdmin, each
from experiments.models import Deployment, ModelFile, ModelVersion, RegisteredModel, RegistryMessage, StageChange
from experiments.services import registry_delivery


@admin.register(RegisteredModel)
class RegisteredModelAdmin(ReadOnlyAdmin):
    list_display = ("name", "family", "recipe", "owner", "workspace", "created_by", "created_at", "archived_at")
    list_filter = ("family", "workspace")
    list_select_related = ("recipe", "owner", "workspace", "created_by")
    search_fields = ("name", "=id")
    actions = ("tell_mlflow_now",)

    @admin.action(description="Tell MLflow now", permissions=["operate"])
    def tell_mlflow_now(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        each(self, request, queryset, registry_delivery.retry_now, "tried again within seconds")


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ("model", "number", "stage", "architecture", "experiment", "dataset", "created_by", "created_at")
    list_filter = ("stage", "architecture")
    list_select_related = ("model", "experiment", "dataset", "created_by")
    search_fields = ("model__name", "=id", "=config_hash", "=dataset_sha256")


@admin.register(ModelFile)
class ModelFileAdmin(ReadOnlyAdmin):
    list_display = ("name", "version", "kind", "size_bytes", "sha256")
    list_filter = ("kind",)
    list_select_related = ("version__model",)
    search_fields = ("name", "=sha256")


@admin.register(StageChange)
class StageChangeAdmin(ReadOnlyAdmin):
    list_display = ("at", "version", "kind", "from_stage", "to_stage", "by", "through", "forced", "reason")
    list_filter = ("kind", "to_stage", "forced", "through")
    list_select_related = ("version__model", "by")
    search_fields = ("version__model__name", "reason")


@admin.register(Deployment)
class DeploymentAdmin(ReadOnlyAdmin):
    list_display = ("model", "version", "role", "share", "started_at", "started_by", "ended_at", "ended_by")
    list_filter = ("role",)
    list_select_related = ("model", "version__model", "started_by", "ended_by")
    search_fields = ("model__name",)


@admin.register(RegistryMessage)
class RegistryMessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "model", "kind", "created_at", "delivered_at", "failures", "retry_at", "last_error")
    list_filter = ("kind",)
    list_select_related = ("model",)
    search_fields = ("model__name", "=model__id")
