"""``Idempotency-Key`` for acts that have no row of their own: a repeated call gets the first one's answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from django.core.cache import cache

from experiments.models.job import JobStateError
from mlopspro.core.http import WorkspaceRequest

KEPT_SECONDS = 24 * 3600
LONGEST_ACT_SECONDS = 60
_RUNNING = "running"


def once(request: WorkspaceRequest, act: Callable[[], int]) -> int:
    """``act()``, which returns the key of the row it made; or the row of the call that had the same header before.

    Without the header it is simply done. Keys belong to a person and an address and are known for a day. Raises
    JobStateError while the first call is still at it.
    """
    given = request.headers.get("Idempotency-Key", "")[:100]
    if not given:
        return act()
    digest = hashlib.sha256(f"{request.user.pk} {request.path} {given}".encode()).hexdigest()
    name = f"once:{digest}"
    if not cache.add(name, _RUNNING, LONGEST_ACT_SECONDS):
        known = cache.get(name)
        if isinstance(known, int):
            return known
        raise JobStateError("A call with this Idempotency-Key is being carried out; ask again in a moment.")
    try:
        made = act()
    except BaseException:
        cache.delete(name)  # nothing was done, so it may be tried again
        raise
    cache.set(name, made, KEPT_SECONDS)
    return made
