"""Which version answers a user: by a hash of model and user, so that a user stays with a version as long as it answers.

Model and user are hashed to a place on a circle of length 1; a salt draws all places anew. Each challenger, and each
version that is interleaved with the champion, owns an arc as long as its share; what is left is the champion's. An arc
begins at a place of its own (a hash of the version) and grows from there, so changing a share moves exactly the users
of the difference, between that version and the champion, and starting or ending one moves nobody between the others.
Only where arcs meet does the later one continue behind the earlier; that more is not possible for three and more
versions is shown in docs/serving.md.
"""

from __future__ import annotations

import hashlib
import uuid
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Protocol, TypeVar

_WHOLE = float(1 << 64)
SHARING = ("challenger", "interleaved")
"""Roles that own an arc."""


class Deployed(Protocol):
    """A deployment as the division reads it; rows of ``Deployment`` and ``Variant`` are such."""

    @property
    def role(self) -> str: ...

    @property
    def share(self) -> float: ...

    @property
    def version_id(self) -> uuid.UUID: ...

    @property
    def salt(self) -> str: ...


D = TypeVar("D", bound=Deployed)


def place_of(model_id: uuid.UUID, user: str, purpose: bytes = b"split", salt: bytes = b"") -> float:
    """A place in [0, 1) that is the same for a user of a model and a salt (of :func:`salt_bytes`) always and
    everywhere."""
    digest = hashlib.blake2b(
        user.encode(errors="surrogatepass"), digest_size=8, key=model_id.bytes, person=purpose, salt=salt
    )
    return int.from_bytes(digest.digest()) / _WHOLE


def salt_bytes(salt: str) -> bytes:
    """As the hash takes it; of no salt nothing, so that places are those of a hash that never heard of salts."""
    return hashlib.blake2b(salt.encode(errors="surrogatepass"), digest_size=16).digest() if salt else b""


@dataclass(frozen=True)
class Split(Generic[D]):
    """The circle of one model: from ``starts[i]`` on, up to the next start, ``owners[i]`` answers."""

    model_id: uuid.UUID
    starts: tuple[float, ...]
    owners: tuple[D, ...]
    salt: bytes = b""

    @classmethod
    def of(cls, model_id: uuid.UUID, deployments: Iterable[D]) -> Split[D]:
        """Raises ValueError where there is no champion, as then nothing answers."""
        rows = list(deployments)
        champion = next((one for one in rows if one.role == "champion"), None)
        if champion is None:
            raise ValueError(f"model {model_id} has no champion, so nobody answers")
        sharing = sorted((one for one in rows if one.role in SHARING), key=lambda one: one.version_id.bytes)
        salt = next((one.salt for one in sharing if one.salt), "")
        taken: list[tuple[float, float, D]] = []
        for one in sharing:
            anchor = place_of(model_id, one.version_id.hex, b"anchor")
            taken += [(a, b, one) for a, b in _free(anchor, one.share, [(a, b) for a, b, _ in taken])]
        starts, owners, end = [], [], 0.0
        for a, b, one in sorted(taken, key=lambda arc: arc[0]):
            if a > end:
                starts.append(end)
                owners.append(champion)
            starts.append(a)
            owners.append(one)
            end = b
        if end < 1.0:
            starts.append(end)
            owners.append(champion)
        return cls(model_id, tuple(starts), tuple(owners), salt_bytes(salt))

    def owner(self, user: str) -> D:
        if len(self.owners) == 1:
            return self.owners[0]
        return self.owners[bisect_right(self.starts, place_of(self.model_id, user, salt=self.salt)) - 1]


def variant_of(model_id: uuid.UUID, user: str, deployments: Sequence[D]) -> D:
    """Who answers this user: the champion or one beside it. Raises ValueError where there is no champion."""
    return Split.of(model_id, deployments).owner(user)


def listens(model_id: uuid.UUID, user: str, shadow: Deployed) -> bool:
    """Whether a shadow is asked about this user: those below its share, drawn apart for each shadow."""
    return shadow.share >= 1 or place_of(model_id, f"{shadow.version_id.hex} {user}", b"shadow") < shadow.share


def _free(anchor: float, length: float, taken: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Arcs of this length in all, from the anchor round the circle over what is not taken; cut at 0, where it ends."""
    found: list[tuple[float, float]] = []
    borders = sorted({0.0, 1.0, anchor, *(edge for arc in taken for edge in arc)})
    pieces = list(pairwise(borders))
    ahead = [piece for piece in pieces if piece[0] >= anchor] + [piece for piece in pieces if piece[0] < anchor]
    for a, b in ahead:
        if length <= 0:
            break
        if any(first <= a and b <= last for first, last in taken):
            continue
        found.append((a, min(b, a + length)))
        length -= b - a
    return found
