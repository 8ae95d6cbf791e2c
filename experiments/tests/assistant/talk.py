"""A conversation with an adapter, without a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from experiments.assistant.builtin import BuiltIn
from experiments.assistant.protocol import Adapter, Context, Proposal, Turn, Understood, Words
from experiments.learning.architectures import ARCHITECTURES_OF
from experiments.learning.families import Family
from experiments.recipes.merging import merge

FIRST = {family: next(iter(known)) for family, known in ARCHITECTURES_OF.items() if known}
BASELINES: dict[Family, dict[str, Any]] = {
    family: {"family": family.value, "pipeline": {"training": {"architecture": key, "parameters": {}}}}
    for family, key in FIRST.items()
}


@dataclass
class Talk:
    adapter: Adapter = field(default_factory=BuiltIn)
    manifest: dict[str, Any] = field(default_factory=dict)
    baselines: dict[Family, dict[str, Any]] = field(default_factory=lambda: BASELINES)
    state: dict[str, Any] = field(default_factory=dict)
    pending: dict[str, Any] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)

    def say(self, text: str) -> str:
        self.turns.append(Turn("person", text))
        context = Context(self.manifest, "", self.baselines, self.state, self.pending)
        said = ""
        for piece in self.adapter.answer(self.turns, context):
            if isinstance(piece, Words):
                said += piece.text
            elif isinstance(piece, Understood):
                self.state = piece.state
            elif isinstance(piece, Proposal):
                self.pending = piece.patch
        self.turns.append(Turn("assistant", said))
        return said

    @property
    def family(self) -> str:
        return str(self.state.get("family", ""))

    @property
    def whole(self) -> dict[str, Any]:
        return merge(self.manifest or self.baselines[Family(self.family)], self.pending)
