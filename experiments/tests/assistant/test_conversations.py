"""Conversations as they are kept: what is said first, an answer as far as it came, and proposals applied once."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.db import connection

from experiments.assistant.builtin import BuiltIn
from experiments.assistant.protocol import AssistantError, Piece, Proposal, Words
from experiments.models import ChatMessage, ChatThread, Recipe, RecipeVersion
from experiments.services import chat, chat_proposals, recipes
from experiments.services.spec import Refused
from mlopspro.accounts.models import AuditEntry

FILMS = "Recommend films to people from their ratings."


class Scripted:
    """An adapter that says what a test gives it; what it stands for is any adapter."""

    key, label, about = "scripted", "Scripted", "A test's own."

    def __init__(self, *pieces: Piece | Exception) -> None:
        self.pieces = pieces

    def answer(self, turns: object, context: object) -> Iterator[Piece]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


@pytest.fixture
def thread(workspace, scientist) -> ChatThread:
    return chat.start(workspace=workspace, owner=scientist, text=FILMS)


def last(thread: ChatThread) -> ChatMessage:
    return thread.messages.order_by("-number")[0]


def proposing(patch: dict) -> Scripted:
    return Scripted(Words("I propose."), Proposal(patch))


def test_a_question_and_its_answer_are_stored_in_order(thread):
    chat.answer_whole(thread, BuiltIn())
    chat.say(thread, "Use EASE")
    chat.answer_whole(thread, BuiltIn())
    rows = list(thread.messages.values_list("number", "author", "adapter"))
    assert rows == [(1, "person", ""), (2, "assistant", "builtin"), (3, "person", ""), (4, "assistant", "builtin")]
    thread.refresh_from_db()
    assert thread.state["family"] == "recommendation"


def test_an_answer_that_breaks_off_is_kept_as_far_as_it_came(thread):
    pieces = list(chat.answer(thread, Scripted(Words("The first "), Words("half"), AssistantError("It broke off."))))
    assert pieces == ["The first ", "half"]
    assert (last(thread).text, last(thread).problem) == ("The first half", "It broke off.")


def test_a_person_who_goes_away_finds_what_was_said(thread):
    stream = chat.answer(thread, Scripted(Words("One "), Words("two")))
    next(stream)
    stream.close()
    assert last(thread).text == "One "
    assert last(thread).problem


def test_what_was_answered_is_not_answered_again(thread):
    assert chat.answer_whole(thread, BuiltIn()) == last(thread)
    assert list(chat.answer(thread, BuiltIn())) == []
    assert thread.messages.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_windows_that_ask_at_once_get_one_answer(thread):
    gate = threading.Barrier(2)

    class Together(Scripted):
        def answer(self, turns: object, context: object) -> Iterator[Piece]:
            gate.wait(10)
            yield Words("Once.")

    def ask() -> None:
        try:
            list(chat.answer(ChatThread.objects.select_related("recipe", "workspace").get(pk=thread.pk), Together()))
        finally:
            connection.close()

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert thread.messages.filter(author="assistant").count() == 1


@pytest.mark.parametrize(
    ("text", "said"), [("", "empty"), ("  \n ", "empty"), ("x" * 4_001, "4,001"), ("bell \x07", "message")]
)
def test_messages_that_are_none_are_refused(thread, text, said):
    with pytest.raises(Refused, match=said):
        chat.say(thread, text)
    assert thread.messages.count() == 1


def test_a_proposal_becomes_a_draft_recipe_on_the_baseline_once(thread, scientist):
    chat.answer_whole(thread, proposing({"family": "recommendation", "pipeline": {"training": {"seed": 7}}}))
    version = chat_proposals.apply(thread, last(thread), actor=scientist)
    assert version.status == "draft"
    assert version.manifest == {"pipeline": {"training": {"seed": 7}}}
    assert version.effective["pipeline"]["training"]["seed"] == 7
    assert version.recipe.level == "industry"
    assert version.recipe.parent.is_seeded
    assert chat_proposals.apply(thread, last(thread), actor=scientist) == version
    assert Recipe.objects.filter(is_seeded=False).count() == 1
    assert AuditEntry.objects.filter(action="apply_proposal").count() == 1


def test_the_next_proposal_is_a_new_version_of_that_recipe(thread, scientist):
    chat.answer_whole(thread, proposing({"family": "recommendation", "pipeline": {"training": {"seed": 7}}}))
    first = chat_proposals.apply(thread, last(thread), actor=scientist)
    chat.say(thread, "and time")
    thread.refresh_from_db()
    chat.answer_whole(thread, proposing({"pipeline": {"evaluation": {"validation": {"method": "time"}}}}))
    second = chat_proposals.apply(thread, last(thread), actor=scientist)
    assert second.recipe == first.recipe
    assert (second.major, second.minor, second.patch) > (first.major, first.minor, first.patch)
    assert second.effective["pipeline"]["training"]["seed"] == 7
    assert second.effective["pipeline"]["evaluation"]["validation"]["method"] == "time"


def test_a_null_removes_what_the_parent_says(thread, scientist):
    chat.answer_whole(thread, proposing({"family": "recommendation", "metadata": {"title": "Ours"}}))
    first = chat_proposals.apply(thread, last(thread), actor=scientist)
    metrics = first.effective["pipeline"]["evaluation"]["metrics"]
    gone = next(iter(metrics))
    chat.say(thread, f"without {gone}")
    chat.answer_whole(thread, proposing({"pipeline": {"evaluation": {"metrics": {gone: None}}}}))
    second = chat_proposals.apply(thread, last(thread), actor=scientist)
    assert gone not in second.effective["pipeline"]["evaluation"]["metrics"]


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"family": "recommendation", "pipeline": {"training": {"architecture": "gpt"}}}, "gpt"),
        ({"family": "recommendation", "pipeline": {"training": {"parameters": {"epochs": "many"}}}}, "epochs"),
        ({"family": "recommendation", "os": {"system": "rm"}}, "os"),
        ({"family": "alchemy"}, "family"),
        ({"metadata": {"title": "whose?"}}, "family"),
    ],
)
def test_a_proposal_that_does_not_hold_is_not_taken_over(thread, patch, said):
    chat.answer_whole(thread, proposing(patch))
    assert last(thread).proposal is None
    assert "not taken over" in last(thread).problem
    assert said in last(thread).problem
    assert chat_proposals.shown(thread) is None


def test_only_the_newest_proposal_can_be_applied(thread, scientist):
    chat.answer_whole(thread, proposing({"family": "recommendation", "pipeline": {"training": {"seed": 7}}}))
    old = last(thread)
    chat.say(thread, "more")
    chat.answer_whole(thread, proposing({"family": "recommendation", "pipeline": {"training": {"seed": 8}}}))
    with pytest.raises(Refused, match="later proposal"):
        chat_proposals.apply(thread, old, actor=scientist)
    assert not RecipeVersion.objects.filter(recipe__is_seeded=False).exists()


def test_a_conversation_about_a_recipe_starts_from_its_newest_version(workspace, scientist):
    parent = Recipe.objects.get(workspace=workspace, family="recommendation", is_seeded=True)
    recipe = recipes.create(
        workspace=workspace,
        actor=scientist,
        name="Films",
        family="recommendation",
        level="industry",
        parent=parent,
        manifest={"metadata": {"owner": "Search team"}},
    )
    thread = chat.start(workspace=workspace, owner=scientist, text="split by time", recipe=recipe)
    chat.answer_whole(thread, BuiltIn())
    shown = chat_proposals.shown(thread)
    assert shown is not None
    assert shown.effective["metadata"]["owner"] == "Search team"
    assert [change.path for change in shown.changes] == ["pipeline.evaluation.validation.method"]


def test_deleting_a_conversation_leaves_its_recipe(thread, scientist):
    chat.answer_whole(thread, proposing({"family": "recommendation", "pipeline": {"training": {"seed": 7}}}))
    version = chat_proposals.apply(thread, last(thread), actor=scientist)
    chat.delete(thread)
    assert RecipeVersion.objects.filter(pk=version.pk).exists()
    assert not ChatMessage.objects.exists()
