"""Searches over hyperparameters."""

from django.contrib import admin

from experiments.admin.base import ReadOnlyAdmin
from experiments.models import Search


@admin.register(Search)
class SearchAdmin(ReadOnlyAdmin):
    list_display = ("name", "workspace", "architecture", "status", "trials", "created_at", "ended_at")
    list_filter = ("status", "architecture")
    search_fields = ("name",)
