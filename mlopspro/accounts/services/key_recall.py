"""Keys that were checked a moment ago, for operations that are called hundreds of times a second.

Only what was right is remembered, by the hash of the whole token, for at most two seconds: so long a key that was
revoked, a role that was taken away or a person who was disabled may still be answered, by this process alone and by
operations that say so (``requires_api(..., recalled=True)``). Its own expiry is looked at each time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlopspro.accounts.services.keys import Credentials

SECONDS = 2.0
MOST = 1_000
_known: dict[str, tuple[Credentials, float]] = {}


def recall(digest: str) -> Credentials | None:
    """The credentials of a token with this hash that were right within the last two seconds."""
    found = _known.get(digest)
    if found is None:
        return None
    credentials, until = found
    if time.monotonic() >= until or not credentials.key.is_usable():
        _known.pop(digest, None)
        return None
    return credentials


def remember(digest: str, credentials: Credentials) -> None:
    if len(_known) >= MOST:
        _known.clear()
    _known[digest] = (credentials, time.monotonic() + SECONDS)


def forget() -> None:
    """All of them: this process revoked a key."""
    _known.clear()
