"""Conversations with the assistant: that they exist, not what was said; each belongs to its person."""

from __future__ import annotations

from django.contrib import admin

from experiments.admin.base import ReadOnlyAdmin
from experiments.models import ChatMessage, ChatThread


@admin.register(ChatThread)
class ChatThreadAdmin(ReadOnlyAdmin):
    list_display = ("id", "owner", "recipe", "workspace", "created_at", "updated_at")
    list_filter = ("workspace",)
    list_select_related = ("owner", "recipe", "workspace")
    search_fields = ("=id", "owner__email")
    exclude = ("title", "state")


@admin.register(ChatMessage)
class ChatMessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "thread_id", "number", "author", "adapter", "problem", "applied_at", "created_at")
    list_filter = ("author", "adapter")
    search_fields = ("=id", "=thread__id")
    exclude = ("text", "proposal")
