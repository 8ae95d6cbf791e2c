"""The adapter for chat completions against a real server: streams, proposals, and everything that can go wrong."""

from __future__ import annotations

import json

import pytest

from experiments.assistant.completions import Completions
from experiments.assistant.protocol import AssistantError, Context, Proposal, Turn, Words
from experiments.tests.assistant.endpoint import Script, endpoint, event
from experiments.tests.assistant.talk import BASELINES, Talk

QUESTION = [Turn("person", "Use more epochs")]
PATCH = {"pipeline": {"training": {"parameters": {"epochs": 30}}}}


def answer(script: Script, *, context: Context | None = None, **settings: float) -> tuple[list[str], list[dict]]:
    with endpoint(script) as address:
        adapter = Completions(address, "tiny", "sk-secret", **settings)
        pieces = list(adapter.answer(QUESTION, context or Context()))
    return (
        [piece.text for piece in pieces if isinstance(piece, Words)],
        [piece.patch for piece in pieces if isinstance(piece, Proposal)],
    )


def test_words_come_as_they_are_sent_and_the_block_becomes_a_proposal():
    text = f"More epochs help.\n```json\n{json.dumps(PATCH)}\n```"
    script = Script(pieces=[text[i : i + 5] for i in range(0, len(text), 5)])
    words, patches = answer(script)
    assert "".join(words).strip() == "More epochs help."
    assert len(words) > 1
    assert patches == [PATCH]


def test_it_is_told_the_manifest_the_schema_and_the_conversation():
    script = Script(pieces=["Fine."])
    answer(script, context=Context(manifest={"family": "recommendation", "marker": "present"}))
    asked = script.asked[0]
    assert asked["path"] == "/v1/chat/completions"
    assert asked["model"] == "tiny"
    assert asked["stream"] is True
    assert asked["messages"][0]["role"] == "system"
    assert '"marker":"present"' in asked["messages"][0]["content"]
    assert "pipeline" in asked["messages"][0]["content"]
    assert asked["messages"][-1] == {"role": "user", "content": "Use more epochs"}
    assert script.keys == ["Bearer sk-secret"]


def test_a_pending_change_is_kept_under_the_new_one():
    script = Script(pieces=[f"```json\n{json.dumps(PATCH)}\n```"])
    _, patches = answer(script, context=Context(pending={"metadata": {"owner": "me"}}))
    assert patches == [{"metadata": {"owner": "me"}, **PATCH}]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (Script(status=401), "status 401"),
        (Script(status=302, headers={"Location": "http://169.254.169.254/"}), "status 302"),
        (Script(raw=[b"data: nonsense\n\n"]), "not of the form"),
        (Script(raw=[b'data: {"choices": []}\n\n']), "not of the form"),
        (Script(raw=[b'data: {"choices": [{"delta": {"content": 5}}]}\n\n']), "not text"),
        (Script(pieces=["```json\n{not json}\n```"]), "no JSON"),
        (Script(pieces=["```json\n[1, 2]\n```"]), "not whole"),
        (Script(pieces=['```json\n{"a": NaN}\n```']), "no JSON"),
        (Script(pieces=['```json\n{"a": 1}']), "not whole"),
        (Script(raw=[event("x" * 50_000)]), "cut off"),
        (Script(raw=[b"data: " + b"x" * 300_000]), "too long"),
        (Script(raw=[b"data: \xff\xfe\n\n"]), "broke off"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_an_error_in_words(script: Script, said: str):
    with pytest.raises(AssistantError, match=said) as caught:
        answer(script)
    assert "sk-secret" not in str(caught.value)


def test_silence_and_endless_answers_are_cut_off():
    with pytest.raises(AssistantError, match=r"in time|broke off"):
        answer(Script(pieces=["a", "b"], pause=2), silence_seconds=0.3)
    with pytest.raises(AssistantError, match="too long"):
        answer(Script(pieces=["a"] * 40, pause=0.02), whole_seconds=0.1)


def test_nobody_there():
    adapter = Completions("http://127.0.0.1:9/v1", "tiny")
    with pytest.raises(AssistantError, match="could not be reached"):
        list(adapter.answer(QUESTION, Context()))


@pytest.mark.parametrize("address", ["ftp://host/v1", "file:///etc/passwd", "http://name:word@host/v1", "host/v1", ""])
def test_addresses_that_are_none_are_refused(address: str):
    with pytest.raises(ValueError, match="ASSISTANT_URL"):
        Completions(address, "tiny")


def test_the_key_is_in_no_representation():
    adapter = Completions("http://127.0.0.1:9/v1", "tiny", "sk-secret")
    assert "sk-secret" not in repr(adapter) + adapter.about + adapter.label


def test_it_talks_as_the_built_in_one_does():
    with endpoint(Script(pieces=["Hello.", f"```json\n{json.dumps(PATCH)}\n```"])) as address:
        talk = Talk(adapter=Completions(address, "tiny"), manifest=next(iter(BASELINES.values())))
        assert talk.say("hi") == "Hello."
    assert talk.pending == PATCH
