"""What the assistant's pages show of conversations."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from experiments.models import ChatMessage, ChatThread, RecipeVersion
from experiments.recipes.differences import Change
from experiments.services import assistant_adapters, chat, chat_proposals, recipes
from mlopspro.accounts.models import User, Workspace

SHOWN = 50


@dataclass(frozen=True)
class Shown:
    """One conversation.

    Attributes:
        waiting: the last message has no answer yet, or one that failed without a word.
        unanswered: it was not tried either; the page's script then asks by itself.
        pending: the message whose proposal waits, with what it changes.
        manifest: the whole manifest as text: with the proposal where one waits, else as it is saved.
        latest: newest version of the conversation's recipe.
    """

    messages: list[ChatMessage]
    waiting: bool
    unanswered: bool
    pending: ChatMessage | None
    changes: list[Change]
    manifest: str
    latest: RecipeVersion | None
    labels: dict[str, str]


def threads(workspace: Workspace, owner: User) -> QuerySet[ChatThread]:
    """A person's newest conversations."""
    rows: QuerySet[ChatThread] = ChatThread.objects.filter(workspace=workspace, owner=owner)
    return rows.select_related("recipe")[:SHOWN]


def shown(thread: ChatThread) -> Shown:
    messages = list(thread.messages.select_related("applied_version").order_by("number"))
    waiting = bool(messages) and chat.is_open(messages[-1])
    pending = chat_proposals.shown(thread)
    latest = recipes.latest_of(thread.recipe) if thread.recipe is not None else None
    document: Any = pending.effective if pending else (latest.effective if latest else None)
    return Shown(
        messages=messages,
        waiting=waiting,
        unanswered=waiting and messages[-1].author == ChatMessage.Author.PERSON,
        pending=pending.message if pending else None,
        changes=pending.changes if pending else [],
        manifest=json.dumps(document, indent=2, ensure_ascii=False) if document else "",
        latest=latest,
        labels={key: adapter.label for key, adapter in assistant_adapters.adapters().items()},
    )
