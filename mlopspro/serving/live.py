"""Models as they answer now: who stands in which role, with what is mapped of them. Records; ``loaded`` keeps them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from mlopspro.serving.traffic import Split
from mlopspro.serving.versions import ServedVersion


@dataclass(frozen=True)
class Variant:
    """A version in a role. ``source_id`` is what its predictions are logged under.

    ``stands_in_for``: number of the version that should be the champion and could not be loaded; empty as a rule.
    ``salt``: what the model's users are drawn by; empty as a rule.
    """

    role: str
    share: float
    version: ServedVersion
    source_id: int
    stands_in_for: str = ""
    salt: str = ""

    @property
    def version_id(self) -> uuid.UUID:
        return self.version.id


@dataclass(frozen=True)
class LiveModel:
    """A model with something in production. ``champion`` is None where no file of it can be trusted.

    ``problems``: what could not be loaded, in words for people; empty as a rule. ``exploration``: share of lists whose
    last place is drawn at random (``exploration.py``).
    """

    id: uuid.UUID
    workspace_id: uuid.UUID
    name: str
    family: str
    champion: Variant | None
    challengers: tuple[Variant, ...] = ()
    shadows: tuple[Variant, ...] = ()
    interleaved: tuple[Variant, ...] = ()
    problems: tuple[str, ...] = ()
    preparing: bool = False
    split: Split[Variant] | None = None
    exploration: float = 0.0

    @property
    def variants(self) -> tuple[Variant, ...]:
        champion = (self.champion,) if self.champion is not None else ()
        return (*champion, *self.challengers, *self.interleaved, *self.shadows)

    def divided(self) -> Split[Variant] | None:
        """How users are divided, None without a champion."""
        if self.champion is None:
            return None
        return Split.of(self.id, (self.champion, *self.challengers, *self.interleaved))


@dataclass(frozen=True)
class LoadedVersion:
    """One version in this process, or one that should be here and is not: then ``problem`` says why.

    ``size`` in bytes mapped, which all processes of a machine share.
    """

    workspace_id: uuid.UUID
    model_id: uuid.UUID
    model: str
    version: str
    role: str
    loaded_at: dt.datetime | None
    problem: str = ""
    size: int = 0
