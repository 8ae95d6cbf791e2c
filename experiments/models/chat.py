"""Conversations with the assistant; each belongs to one person."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone

from experiments.models.recipe import Recipe, RecipeVersion
from mlopspro.accounts.models import WorkspaceOwned


class ChatThread(WorkspaceOwned):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    title = models.CharField(max_length=200, blank=True)
    recipe = models.ForeignKey(Recipe, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    state = models.JSONField(default=dict, blank=True, help_text="What the assistant has understood so far.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-updated_at",)
        indexes = [models.Index(fields=["workspace", "owner", "-updated_at"], name="chat_recent")]

    def __str__(self) -> str:
        return self.title or "New conversation"


class ChatMessage(models.Model):
    class Author(models.TextChoices):
        PERSON = "person", "You"
        ASSISTANT = "assistant", "Assistant"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    thread = models.ForeignKey(ChatThread, on_delete=models.CASCADE, related_name="messages")
    number = models.PositiveIntegerField()
    author = models.CharField(max_length=10, choices=Author.choices)
    text = models.TextField(blank=True)
    proposal = models.JSONField(null=True, blank=True, help_text="A merge patch for the recipe's manifest.")
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_version = models.ForeignKey(
        RecipeVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    adapter = models.CharField(max_length=40, blank=True)
    problem = models.TextField(blank=True, help_text="Why the answer is missing or cut short.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ("number",)
        constraints = [models.UniqueConstraint(fields=["thread", "number"], name="chat_message_once")]

    def __str__(self) -> str:
        return self.text[:80]
