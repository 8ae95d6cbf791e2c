"""JSON API of the assistant (F222). Conversations belong to the person whose key is used."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404
from ninja import Field, Router, Schema

from experiments.api import ERRORS, Envelope
from experiments.models import ChatMessage, ChatThread, Recipe
from experiments.services import assistant_adapters, chat, chat_proposals
from mlopspro.accounts.access import get_visible_or_404
from mlopspro.accounts.api_auth import requires_api
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest

router = Router(tags=["assistant"])


class ChatIn(Schema):
    message: str = Field(description="What is said, at most 4,000 characters.")
    thread: uuid.UUID | None = Field(None, description="A conversation of yours to go on with; left out: a new one.")
    recipe: uuid.UUID | None = Field(None, description="Of a new conversation: the recipe it is about.")


class ChangeOut(Schema):
    path: str
    kind: str
    before: Any = None
    after: Any = None


class ChatOut(Schema):
    thread: uuid.UUID
    message: uuid.UUID = Field(description="The answer; name it to apply its proposal.")
    reply: str
    adapter: str = Field(description="What answered: builtin are rules, completions is a language model.")
    problem: str = Field(description="Why the answer is missing or cut short; empty where it is whole.")
    family: str | None = Field(description="Of the pending proposal.")
    proposal: dict[str, Any] | None = Field(description="Pending change as a merge patch (RFC 7396).")
    changes: list[ChangeOut] = Field(description="What the pending proposal changes.")


class ChatAnswer(Envelope):
    data: ChatOut


class AppliedOut(Schema):
    recipe: uuid.UUID
    version: uuid.UUID
    number: str


class AppliedAnswer(Envelope):
    data: AppliedOut


@router.post("/ml-development/chat", response={200: ChatAnswer, **ERRORS}, summary="Say something to the assistant")
@requires_api(Action.EDIT_RECIPE)
def chat_say(request: WorkspaceRequest, said: ChatIn) -> Any:
    """Answers when the answer is whole. A proposal is checked like any manifest and changes nothing until applied."""
    if said.thread is not None:
        thread = _thread(request, said.thread)
        chat.say(thread, said.message)
    else:
        recipe = get_visible_or_404(Recipe, request, said.recipe) if said.recipe else None
        thread = chat.start(workspace=request.workspace, owner=request.user, text=said.message, recipe=recipe)
    answer = chat.answer_whole(thread, assistant_adapters.default())
    if answer is None:
        raise Http404
    return {"data": _out(thread, answer)}


@router.post(
    "/ml-development/chat/{message_id}/apply", response={200: AppliedAnswer, **ERRORS}, summary="Apply a proposal"
)
@requires_api(Action.EDIT_RECIPE)
def chat_apply(request: WorkspaceRequest, message_id: uuid.UUID) -> Any:
    """Writes it as a new draft version, or as a new recipe. Applied twice it is applied once."""
    rows = ChatMessage.objects.filter(thread__workspace=request.workspace, thread__owner=request.user)
    message = rows.select_related("thread__recipe", "thread__workspace").filter(pk=message_id).first()
    if message is None:
        raise Http404
    version = chat_proposals.apply(message.thread, message, actor=request.user)
    return {"data": {"recipe": version.recipe_id, "version": version.pk, "number": version.number}}


def _thread(request: WorkspaceRequest, pk: uuid.UUID) -> ChatThread:
    rows = ChatThread.objects.filter(workspace=request.workspace, owner=request.user)
    found = rows.select_related("recipe", "workspace").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _out(thread: ChatThread, answer: ChatMessage) -> dict[str, Any]:
    pending = chat_proposals.shown(thread)
    return {
        "thread": thread.pk,
        "message": answer.pk,
        "reply": answer.text,
        "adapter": answer.adapter,
        "problem": answer.problem,
        "family": pending.family.value if pending else None,
        "proposal": pending.patch if pending else None,
        "changes": [
            {"path": change.path, "kind": change.kind, "before": change.before, "after": change.after}
            for change in (pending.changes if pending else [])
        ],
    }
