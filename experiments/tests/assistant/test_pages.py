"""The assistant's pages: whole answers without scripts, streams with them, and nobody else's conversations."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from experiments.models import ChatThread, Recipe, RecipeVersion
from experiments.tests.assistant.endpoint import Script, endpoint
from mlopspro.accounts.permissions import Role
from mlopspro.testing.people import browser, make_member

FILMS = "Recommend films to people from their ratings."
HTMX = {"HX-Request": "true"}


def start(client, text=FILMS, **more):
    return client.post(reverse("experiments:assistant_start"), {"message": text, **more})


def page(client, thread) -> str:
    return client.get(reverse("experiments:assistant_thread", args=[thread.pk])).content.decode()


def send(client, thread, text, **more):
    return client.post(reverse("experiments:assistant_send", args=[thread.pk]), {"message": text, **more})


@pytest.fixture
def thread(client) -> ChatThread:
    start(client)
    return ChatThread.objects.get()


def test_without_scripts_the_answer_is_there_at_once(client):
    answered = client.post(reverse("experiments:assistant_start"), {"message": FILMS}, follow=True)
    shown = answered.content.decode()
    assert "This is about recommendation" in shown
    assert "Apply to a new draft recipe" in shown
    assert "data-waiting" not in shown


def test_with_scripts_the_answer_is_streamed_in_lines(client):
    start(client, streams="1")
    thread = ChatThread.objects.get()
    assert "data-waiting" in page(client, thread)
    address = reverse("experiments:assistant_answer", args=[thread.pk])
    answer = client.post(address, headers={"Accept": "application/x-ndjson"})
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert lines[-1] == {"done": True}
    said = "".join(line.get("words", "") for line in lines)
    assert said == thread.messages.get(number=2).text
    assert len(lines) > 3
    assert "data-waiting" not in page(client, thread)


def test_applying_leads_to_a_draft_and_says_so(client, thread):
    message = thread.messages.get(number=2)
    client.post(reverse("experiments:assistant_apply", args=[thread.pk, message.pk]))
    version = RecipeVersion.objects.get(recipe__is_seeded=False)
    shown = page(client, thread)
    assert f"Applied as version {version.number}" in shown
    assert "Nothing is proposed that is not applied" in shown


def test_what_was_typed_is_kept_when_it_is_refused(client, thread):
    answer = send(client, thread, "y" * 4_001)
    assert answer.status_code == 422
    assert "4,001 characters" in answer.content.decode()
    assert "y" * 4_001 in answer.content.decode()


def test_text_is_text_whatever_it_holds(client, thread):
    send(client, thread, "<script>alert(1)</script> `<b>`")
    shown = page(client, thread)
    assert "<script>alert" not in shown
    assert "<code>&lt;b&gt;</code>" in shown


def test_conversations_are_their_persons_alone(client, thread, workspace):
    for role in (Role.SCIENTIST, Role.ADMINISTRATOR):
        other = browser(make_member(workspace, role))
        assert other.get(reverse("experiments:assistant_thread", args=[thread.pk])).status_code == 404
        assert send(other, thread, "hello").status_code == 404
        assert thread.title not in other.get(reverse("experiments:assistant")).content.decode()
    assert browser(make_member(workspace, Role.VIEWER)).get(reverse("experiments:assistant")).status_code == 403


def test_a_recipe_starts_a_conversation_about_itself(client, workspace):
    recipe = Recipe.objects.get(workspace=workspace, family="pricing")
    shown = client.get(reverse("experiments:assistant"), {"recipe": recipe.pk}).content.decode()
    assert f"About the recipe <strong>{recipe.name}</strong>" in shown
    start(client, "use log_log_elasticity", recipe=recipe.pk)
    assert ChatThread.objects.get().recipe == recipe
    assert client.get(reverse("experiments:assistant"), {"recipe": "nonsense"}).status_code == 200


def test_a_deleted_conversation_is_gone(client, thread):
    client.post(reverse("experiments:assistant_delete", args=[thread.pk]))
    assert not ChatThread.objects.exists()


def test_a_model_of_the_operators_answers_and_the_page_says_where_it_is(client, settings):
    with endpoint(Script(pieces=["Hello ", "from afar."])) as address:
        settings.ASSISTANT_URL, settings.ASSISTANT_MODEL = address, "tiny"
        start(client)
        thread = ChatThread.objects.get()
        shown = page(client, thread)
    assert "Hello from afar." in shown
    assert "messages and the manifest are sent there" in shown


def test_when_it_does_not_answer_the_rules_can_be_asked(client, settings):
    settings.ASSISTANT_URL, settings.ASSISTANT_MODEL = "http://127.0.0.1:9/v1", "tiny"
    start(client)
    thread = ChatThread.objects.get()
    shown = page(client, thread)
    assert "could not be reached" in shown
    assert "Ask the built-in rules" in shown
    client.post(reverse("experiments:assistant_answer", args=[thread.pk]), {"adapter": "builtin"})
    assert "This is about recommendation" in page(client, thread)


def test_wrong_settings_are_said_and_the_rules_answer(client, settings):
    settings.ASSISTANT_URL = "ftp://nowhere"
    shown = client.get(reverse("experiments:assistant")).content.decode()
    assert "ASSISTANT_URL: accepted is an http or https address" in shown
    assert start(client).status_code == 302


def test_pages_cost_the_same_however_long_the_conversation(client, thread):
    def cost(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    addresses = [reverse("experiments:assistant"), reverse("experiments:assistant_thread", args=[thread.pk])]
    few = [cost(address) for address in addresses]
    for _ in range(4):
        send(client, thread, "split by time")
        start(client)
    assert [cost(address) for address in addresses] == few
    assert max(few) <= 12


def test_the_api_talks_and_applies(client, workspace, scientist):
    said = client.post("/api/ml-development/chat", {"message": FILMS}, content_type="application/json").json()["data"]
    assert said["family"] == "recommendation"
    assert "This is about recommendation" in said["reply"]
    assert {change["path"] for change in said["changes"]} >= {"metadata.title"}
    again = client.post(
        "/api/ml-development/chat",
        {"message": "split by time", "thread": said["thread"]},
        content_type="application/json",
    ).json()["data"]
    assert again["thread"] == said["thread"]
    applied = client.post(f"/api/ml-development/chat/{again['message']}/apply").json()["data"]
    assert RecipeVersion.objects.get(pk=applied["version"]).number == applied["number"]
    wrong = client.post("/api/ml-development/chat", {"message": " "}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "message")
