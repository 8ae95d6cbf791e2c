"""The assistant's pages: a person's conversations, one of them, and its answer as it comes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from experiments.models import ChatMessage, ChatThread, Recipe, RecipeStatus
from experiments.selectors import chats
from experiments.services import assistant_adapters, chat, chat_proposals
from experiments.services.spec import Refused, TooMany
from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.core.http import WorkspaceRequest, render_page
from mlopspro.core.toasts import toast

OVERVIEW = "experiments/assistant.html"
THREAD = "experiments/assistant_thread.html"
STREAM = "application/x-ndjson"
QUICK_STARTS = (
    ("list-ordered", "Recommend films to people from their ratings, so that good ones stand near the top."),
    ("trending-up", "Forecast daily sales of our shops for the next 28 days."),
    ("tag", "Find out how demand answers to price, so that we can set prices."),
    ("mouse-pointer-click", "Decide which customers should get an offer, by e-mail or by phone."),
    ("map-pin", "Score places where we could open a new shop."),
)


@requires(Action.EDIT_RECIPE)
@require_safe
def overview(request: WorkspaceRequest) -> HttpResponseBase:
    return _overview(request, {"recipe": _recipe(request, request.GET.get("recipe", ""))})


@requires(Action.EDIT_RECIPE)
@require_POST
def start(request: WorkspaceRequest) -> HttpResponseBase:
    """A new conversation. The page of it has the answer streamed; without scripts it is there at once."""
    text = request.POST.get("message", "")
    recipe = _recipe(request, request.POST.get("recipe", ""))
    try:
        thread = chat.start(workspace=request.workspace, owner=request.user, text=text, recipe=recipe)
    except Refused as error:
        context = {"recipe": recipe, "typed": text, "problems": error.problems}
        return _overview(request, context, status=429 if isinstance(error, TooMany) else 422)
    _answer_unless_streamed(request, thread)
    return redirect("experiments:assistant_thread", pk=thread.pk)


@requires(Action.EDIT_RECIPE)
@require_safe
def thread(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    return _thread(request, _find(request, pk))


@requires(Action.EDIT_RECIPE)
@require_POST
def send(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    found = _find(request, pk)
    text = request.POST.get("message", "")
    try:
        chat.say(found, text)
    except Refused as error:
        status = 429 if isinstance(error, TooMany) else 422
        return _thread(request, found, {"typed": text, "problems": error.problems}, status=status)
    _answer_unless_streamed(request, found)
    return redirect("experiments:assistant_thread", pk=pk)


@requires(Action.EDIT_RECIPE)
@require_POST
def answer(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    """Answers the last message: as lines of JSON while it comes where the page's script asks, else at once."""
    found = _find(request, pk)
    adapter = assistant_adapters.chosen(request.POST.get("adapter", ""))
    if STREAM in request.headers.get("Accept", ""):
        response = StreamingHttpResponse(_lines(chat.answer(found, adapter)), content_type=STREAM)
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"  # a proxy in front must not collect it
        return response
    chat.answer_whole(found, adapter)
    return redirect("experiments:assistant_thread", pk=pk)


@requires(Action.EDIT_RECIPE)
@require_POST
def apply(request: WorkspaceRequest, pk: uuid.UUID, message: uuid.UUID) -> HttpResponseBase:
    found = _find(request, pk)
    proposed = found.messages.filter(pk=message, author=ChatMessage.Author.ASSISTANT).first()
    if proposed is None:
        raise Http404
    try:
        version = chat_proposals.apply(found, proposed, actor=request.user)
    except Refused as error:
        return _thread(request, found, {"problems": error.problems}, status=422)
    toast(request, f"Saved as draft {version.number} of {version.recipe.name}.")
    return redirect("experiments:assistant_thread", pk=pk)


@requires(Action.EDIT_RECIPE)
@require_POST
def delete(request: WorkspaceRequest, pk: uuid.UUID) -> HttpResponseBase:
    chat.delete(_find(request, pk))
    toast(request, "The conversation is deleted. Recipes made from it stay.")
    return redirect("experiments:assistant")


def _find(request: WorkspaceRequest, pk: uuid.UUID) -> ChatThread:
    """A conversation of this person; anybody else's does not exist."""
    rows = ChatThread.objects.filter(workspace=request.workspace, owner=request.user)
    found = rows.select_related("recipe", "workspace").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _recipe(request: WorkspaceRequest, asked: str) -> Recipe | None:
    try:
        pk = uuid.UUID(asked)
    except ValueError:
        return None
    rows = Recipe.objects.filter(workspace=request.workspace, deleted_at__isnull=True)
    return rows.exclude(status=RecipeStatus.ARCHIVED).filter(pk=pk).first()


def _answer_unless_streamed(request: WorkspaceRequest, found: ChatThread) -> None:
    """The page's script sets ``streams``; who has no script waits for the whole answer."""
    if request.POST.get("streams") != "1":
        chat.answer_whole(found, assistant_adapters.default())


def _lines(pieces: Iterator[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield json.dumps({"words": piece}).encode() + b"\n"
    yield b'{"done": true}\n'


def _overview(request: WorkspaceRequest, extra: dict[str, Any], status: int = 200) -> HttpResponse:
    context = {
        "threads": chats.threads(request.workspace, request.user),
        "adapter": assistant_adapters.default(),
        "settings_problem": assistant_adapters.problem(),
        "quick_starts": QUICK_STARTS,
        "longest": chat.LONGEST_MESSAGE,
    }
    return render_page(request, OVERVIEW, context | extra, status=status)


def _thread(
    request: WorkspaceRequest, found: ChatThread, extra: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    shown = chats.shown(found)
    adapters = assistant_adapters.adapters()
    context: dict[str, Any] = {
        "thread": found,
        "shown": shown,
        "adapter": next(iter(adapters.values())),
        "fallback": adapters["builtin"] if len(adapters) > 1 else None,
        "longest": chat.LONGEST_MESSAGE,
        "tab": "manifest" if request.GET.get("show") == "manifest" else "changes",
    }
    return render_page(request, THREAD, context | (extra or {}), partial="talk", status=status)
