"""Conversations with the assistant: what is said is stored before it is answered, and an answer as far as it came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from experiments.assistant.protocol import (
    Adapter,
    AssistantError,
    Context,
    Proposal,
    Turn,
    Understood,
    Words,
)
from experiments.learning.families import Family
from experiments.models import ChatMessage, ChatThread, Recipe, RecipeStatus, RecipeVersion
from experiments.services import chat_proposals
from experiments.services.labels import plain_text
from experiments.services.spec import Problem, Refused, TooMany
from mlopspro.accounts.models import User, Workspace

log = structlog.get_logger(__name__)
LONGEST_MESSAGE = 4_000
TITLE_LENGTH = 80
MAX_THREADS = 500
MAX_MESSAGES = 400


def start(*, workspace: Workspace, owner: User, text: str, recipe: Recipe | None = None) -> ChatThread:
    """A new conversation with its first message. Raises Refused."""
    if ChatThread.objects.filter(workspace=workspace, owner=owner).count() >= MAX_THREADS:
        raise TooMany([Problem("message", f"you have {MAX_THREADS} conversations, which is the limit; delete some")])
    cleaned = _clean(text)
    with transaction.atomic():
        thread: ChatThread = ChatThread.objects.create(
            workspace=workspace, owner=owner, recipe=recipe, title=_title(cleaned)
        )
        _add(thread, ChatMessage.Author.PERSON, text=cleaned)
    return thread


def say(thread: ChatThread, text: str) -> ChatMessage:
    """The person's next message. Raises Refused for an empty or overlong one, or an overlong conversation."""
    cleaned = _clean(text)
    with transaction.atomic():
        locked = ChatThread.objects.select_for_update(of=("self",)).get(pk=thread.pk)
        if locked.messages.count() >= MAX_MESSAGES:
            raise TooMany([Problem("message", f"this conversation has {MAX_MESSAGES} messages; start a new one")])
        return _add(locked, ChatMessage.Author.PERSON, text=cleaned)


def needs_answer(thread: ChatThread) -> bool:
    """Whether the person spoke last, or nothing came of the answer but a problem."""
    last = thread.messages.order_by("-number").first()
    return last is not None and is_open(last)


def is_open(last: ChatMessage) -> bool:
    """Whether this last message of a conversation still waits for an answer."""
    return last.author == ChatMessage.Author.PERSON or (bool(last.problem) and not last.text)


def answer(thread: ChatThread, adapter: Adapter) -> Iterator[str]:
    """Answers the last message piece by piece and stores the answer, also one that broke off or was given up.

    Yields nothing where the last message has an answer already.
    """
    if not needs_answer(thread):
        return
    last = thread.messages.order_by("-number").values_list("number", flat=True)[0]
    said: list[str] = []
    left: dict[str, Any] = {}
    problem = "It was not waited for."
    try:
        for piece in adapter.answer(_turns(thread), context_of(thread)):
            if isinstance(piece, Words):
                text = piece.text.replace("\x00", "")
                said.append(text)
                yield text
            elif isinstance(piece, Proposal):
                left["patch"] = piece.patch
            elif isinstance(piece, Understood):
                left["state"] = piece.state
        problem = ""
    except AssistantError as error:
        problem = str(error)
    finally:
        _store(thread, adapter, "".join(said), left, problem, answered=last)


def answer_whole(thread: ChatThread, adapter: Adapter) -> ChatMessage | None:
    """The same without streaming; the stored answer, None where there was nothing to answer."""
    pieces = sum(1 for _ in answer(thread, adapter))
    del pieces
    return thread.messages.filter(author=ChatMessage.Author.ASSISTANT).order_by("-number").first()


def context_of(thread: ChatThread) -> Context:
    """What an adapter may know: the recipe's effective manifest, baselines, and what is proposed and not applied."""
    return Context(
        manifest=chat_proposals.base_manifest(thread) if thread.recipe_id else {},
        recipe=thread.recipe.name if thread.recipe is not None else "",
        baselines=baselines_of(thread.workspace),
        state=thread.state,
        pending=chat_proposals.pending(thread),
    )


def baselines_of(workspace: Workspace) -> dict[Family, dict[str, Any]]:
    """Effective manifest of the newest approved version of the baseline that ships for each family."""
    rows = (
        RecipeVersion.objects.filter(
            recipe__workspace=workspace,
            recipe__is_seeded=True,
            recipe__deleted_at__isnull=True,
            status=RecipeStatus.APPROVED,
        )
        .order_by("major", "minor", "patch")
        .values_list("recipe__family", "effective")
    )
    return {Family(family): effective for family, effective in rows}


def delete(thread: ChatThread) -> None:
    """For good, with all its messages; recipes made from it stay."""
    thread.delete()


def _clean(text: str) -> str:
    try:
        cleaned = plain_text(text).strip()
    except ValueError as error:
        raise Refused([Problem("message", f"{error}")]) from error
    if not cleaned:
        raise Refused([Problem("message", "is empty; write what you want to build")])
    if len(cleaned) > LONGEST_MESSAGE:
        raise Refused([Problem("message", f"has {len(cleaned):,} characters; accepted: at most {LONGEST_MESSAGE:,}")])
    return cleaned


def _title(text: str) -> str:
    first = text.splitlines()[0]
    return first if len(first) <= TITLE_LENGTH else first[: TITLE_LENGTH - 1].rstrip() + "…"


def _add(thread: ChatThread, author: str, **fields: Any) -> ChatMessage:
    """Appends a message; the caller holds the thread's lock, or has just made it."""
    number = (thread.messages.aggregate(last=Max("number"))["last"] or 0) + 1
    message: ChatMessage = ChatMessage.objects.create(thread=thread, number=number, author=author, **fields)
    ChatThread.objects.filter(pk=thread.pk).update(updated_at=timezone.now())
    return message


def _turns(thread: ChatThread) -> list[Turn]:
    rows = thread.messages.order_by("number").values_list("author", "text")
    return [
        Turn("person" if author == ChatMessage.Author.PERSON else "assistant", text) for author, text in rows if text
    ]


def _store(
    thread: ChatThread, adapter: Adapter, text: str, left: dict[str, Any], problem: str, *, answered: int
) -> None:
    proposal, refusal = chat_proposals.checked(thread, left.get("patch"), left.get("state", {}))
    with transaction.atomic():
        locked = ChatThread.objects.select_for_update(of=("self",)).get(pk=thread.pk)
        if locked.messages.filter(number__gt=answered, author=ChatMessage.Author.ASSISTANT).exists():
            return  # two windows asked for the same answer; the first one counts
        _add(
            locked,
            ChatMessage.Author.ASSISTANT,
            text=text,
            proposal=proposal,
            adapter=adapter.key,
            problem=" ".join(filter(None, [problem, refusal])),
        )
        if "state" in left:
            locked.state = left["state"]
            locked.save(update_fields=["state"])
    if problem:
        log.warning("assistant answer incomplete", thread=str(thread.pk), adapter=adapter.key, problem=problem)
