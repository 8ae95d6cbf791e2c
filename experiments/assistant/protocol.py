"""What an adapter of the assistant is to the rest of the product: a conversation in, a stream of pieces out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from experiments.learning.families import Family

Manifest = Mapping[str, Any]


@dataclass(frozen=True)
class Turn:
    author: Literal["person", "assistant"]
    text: str


@dataclass(frozen=True)
class Context:
    """What the assistant may know beside the conversation.

    Attributes:
        manifest: the effective manifest of the recipe that is talked about; empty while there is none.
        recipe: that recipe's name, or empty.
        baselines: effective manifest of the workspace's baseline of each family.
        state: what an earlier answer of the same adapter left (``Understood``), JSON-able.
        pending: changes proposed before and not applied yet; a new proposal goes on from them.
    """

    manifest: Manifest = field(default_factory=dict)
    recipe: str = ""
    baselines: Mapping[Family, Manifest] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    pending: Manifest = field(default_factory=dict)


@dataclass(frozen=True)
class Words:
    """The next piece of the answer's text; pieces follow each other without anything between them."""

    text: str


@dataclass(frozen=True)
class Proposal:
    """A change of the manifest as a merge patch (RFC 7396) on the effective one. At most one an answer.

    It is input like any user's: whoever takes it checks it before it is shown or applied.
    """

    patch: dict[str, Any]


@dataclass(frozen=True)
class Understood:
    """What the adapter wants to be told again with the next message."""

    state: dict[str, Any]


Piece = Words | Proposal | Understood


class AssistantError(Exception):
    """The answer could not be had, or broke off. The message can be shown to people and holds no secret."""


class Adapter(Protocol):
    @property
    def key(self) -> str:
        """Names it in stored answers and forms."""

    @property
    def label(self) -> str:
        """Its name for people."""

    @property
    def about(self) -> str:
        """One honest sentence: what answers, and where messages go."""

    def answer(self, turns: Sequence[Turn], context: Context) -> Iterator[Piece]:
        """Answers the last turn, which is a person's. Raises AssistantError, also in the middle of an answer."""
