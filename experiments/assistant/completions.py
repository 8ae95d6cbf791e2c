"""An adapter for any endpoint that speaks OpenAI's chat completions: address, model and key come from the operator.

What comes back is input like any user's: words are shown as plain text, and a proposed change is read as data,
bounded in size, and checked before anybody sees it. Redirects are not followed and the key is in no message.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from experiments.assistant.patches import composed
from experiments.assistant.protocol import AssistantError, Context, Piece, Proposal, Turn, Words
from experiments.learning.architectures import ARCHITECTURES_OF
from experiments.learning.families import ABOUT, Family
from experiments.recipes.manifest import Manifest

FENCE = "```"
CONNECT_SECONDS = 5
SILENCE_SECONDS = 30
"""Longest wait for the next piece."""
WHOLE_SECONDS = 120
LONGEST_ANSWER = 40_000
LONGEST_LINE = 200_000
TURNS_KEPT = 20


@dataclass(frozen=True)
class Completions:
    """``base_url`` ends before ``/chat/completions``."""

    base_url: str
    model: str
    api_key: str = ""
    silence_seconds: float = SILENCE_SECONDS
    whole_seconds: float = WHOLE_SECONDS

    key = "completions"

    def __post_init__(self) -> None:
        address = urlsplit(self.base_url)
        if address.scheme not in ("http", "https") or not address.hostname or address.username or address.password:
            raise ValueError("ASSISTANT_URL: accepted is an http or https address without a name or password in it")
        if not self.model:
            raise ValueError("ASSISTANT_MODEL: the name of the model is missing; accepted is what the endpoint serves")

    def __repr__(self) -> str:
        return f"Completions({self.host}, {self.model})"

    @property
    def label(self) -> str:
        return self.model

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).netloc

    @property
    def about(self) -> str:
        return (
            f"Answered by the language model {self.model} at {self.host}: messages and the manifest are sent there. "
            "It can be wrong; a change it proposes is checked and applied only when you say so."
        )

    def answer(self, turns: Sequence[Turn], context: Context) -> Iterator[Piece]:
        reader = _Reader()
        for piece in self._pieces(turns, context):
            yield from reader.take(piece)
        yield from reader.rest()
        patch = reader.patch()
        if patch is not None:
            yield Proposal(composed(context.pending, patch))

    def _pieces(self, turns: Sequence[Turn], context: Context) -> Iterator[str]:
        body: dict[str, Any] = {"model": self.model, "stream": True, "messages": _messages(turns, context)}
        headers = {"Accept": "text/event-stream"}
        if self.api_key:
            headers["Authorization"] = f"Bearer {self.api_key}"
        end = time.monotonic() + self.whole_seconds
        try:
            with requests.post(
                f"{self.base_url.rstrip('/')}/chat/completions",
                json=body,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(CONNECT_SECONDS, self.silence_seconds),
            ) as response:
                if response.status_code != 200:
                    raise AssistantError(f"{self.host} answered with status {response.status_code}.")
                yield from _deltas(response, end)
        except requests.Timeout as error:
            raise AssistantError(f"{self.host} did not answer in time.") from error
        except (requests.RequestException, UnicodeDecodeError) as error:
            raise AssistantError(f"{self.host} could not be reached, or broke off.") from error


def _deltas(response: requests.Response, end: float) -> Iterator[str]:
    """The pieces of text in a stream of server-sent events."""
    length = 0
    for event in _events(response, end):
        try:
            document = json.loads(event)
            content = document["choices"][0].get("delta", {}).get("content") or ""
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise AssistantError("The endpoint's answer is not of the form of chat completions.") from error
        if not isinstance(content, str):
            raise AssistantError("The endpoint's answer is not text.")
        length += len(content)
        if length > LONGEST_ANSWER:
            raise AssistantError(f"The answer is longer than {LONGEST_ANSWER:,} characters and was cut off.")
        yield content


def _events(response: requests.Response, end: float) -> Iterator[str]:
    pending = b""
    for chunk in response.iter_content(chunk_size=None):
        if time.monotonic() > end:
            raise AssistantError("The answer took too long and was cut off.")
        pending += chunk
        if len(pending) > LONGEST_LINE:
            raise AssistantError("The endpoint sent a line that is too long.")
        *lines, pending = pending.split(b"\n")
        for line in lines:
            text = line.decode("utf-8").strip()
            if text == "data: [DONE]":
                return
            if text.startswith("data:"):
                yield text.removeprefix("data:").strip()


class _Reader:
    """Divides a stream into what is said and the fenced block with the change; fences may come in pieces."""

    def __init__(self) -> None:
        self._held = ""
        self._block: str | None = None
        self._closed = False

    def take(self, piece: str) -> Iterator[Piece]:
        if self._block is not None:
            self._block += piece
            return
        self._held += piece
        before, fence, after = self._held.partition(FENCE)
        if fence:
            self._held, self._block = "", after
            if before:
                yield Words(before)
        elif not self._held.endswith("`"):
            yield Words(self._held)
            self._held = ""

    def rest(self) -> Iterator[Piece]:
        if self._held:
            yield Words(self._held)
        if self._block is not None:
            _, closed, after = self._block.partition(FENCE)
            if closed and after.strip():
                yield Words("\n" + after.strip())

    def patch(self) -> dict[str, Any] | None:
        """Raises AssistantError where a block was begun and does not hold a JSON object."""
        if self._block is None:
            return None
        content, closed, _ = self._block.partition(FENCE)
        content = content.removeprefix("json").strip()
        try:
            patch = json.loads(content, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise AssistantError("The model proposed a change that is no JSON; nothing was taken over.") from error
        if not closed or not isinstance(patch, dict):
            raise AssistantError("The model proposed a change that is not whole; nothing was taken over.")
        return patch


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _messages(turns: Sequence[Turn], context: Context) -> list[dict[str, str]]:
    roles = {"person": "user", "assistant": "assistant"}
    history = [{"role": roles[turn.author], "content": turn.text} for turn in turns[-TURNS_KEPT:]]
    return [{"role": "system", "content": _instructions(context)}, *history]


def _instructions(context: Context) -> str:
    current = _document(context)
    families = "\n".join(
        f"- {family.value}: {ABOUT[family].summary} Architectures: {', '.join(ARCHITECTURES_OF[family])}."
        for family in Family
    )
    return (
        "You help to write a recipe: a JSON manifest that says how a model is built, judged, deployed and watched. "
        "Ask for what is missing, suggest metrics, be brief, and write plain sentences without headings.\n"
        f"Families:\n{families}\n"
        "When you propose a change, end with exactly one block fenced by ```json and ``` that holds a JSON merge patch "
        "(RFC 7396) on the present manifest, with nothing but the keys that change. For a new recipe the patch has the "
        'key "family".\n'
        f"Schema of the manifest:\n{json.dumps(Manifest.model_json_schema(), separators=(',', ':'))}\n"
        f"Present manifest:\n{json.dumps(current, separators=(',', ':'))}"
    )


def _document(context: Context) -> Mapping[str, Any]:
    if context.manifest:
        return context.manifest
    return {family.value: manifest for family, manifest in context.baselines.items()}
