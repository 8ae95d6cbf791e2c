"""A limit on the rows that one sender may log in a minute, so that a loop gone wild cannot drown the rest (A32).

Counted in each web process by itself: it needs no Redis, and it is a bound, not an account.
"""

from __future__ import annotations

import threading
import time

MINUTE = 60.0
_lock = threading.Lock()
_counts: dict[str, int] = {}
_minute = 0


def seconds_to_wait(sender: str, rows: int, limit: int) -> int:
    """0 where the rows may come in, and they are counted; otherwise how long until they may be sent again.

    What is larger than the whole limit may come as the first of a minute.
    """
    global _minute
    if limit <= 0:
        return 0
    now = time.time()
    with _lock:
        if int(now // MINUTE) != _minute:
            _minute = int(now // MINUTE)
            _counts.clear()
        before = _counts.get(sender, 0)
        if before and before + rows > limit:
            return max(1, int(MINUTE - now % MINUTE) + 1)
        _counts[sender] = before + rows
    return 0
