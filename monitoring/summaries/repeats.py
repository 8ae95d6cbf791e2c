"""How often the same users come back, as a sketch: what a user's many lists weigh is less than as many users' lists.

``sketch`` counts each user, with a sign of the user's own, in one of 512 places. Sketches add up and subtract, and the
sum of squares of what comes out is an unbiased estimate of Σ w² over users, w being a user's sum or difference, with a
standard error of at most √(2 / 512) = 6 % (Charikar, Chen and Farach-Colton 2002; the second moment of Alon, Matias and
Szegedy 1999).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

PLACES = 512
Sketch = dict[str, int]


def sketch(users: pa.Array) -> Sketch:
    """Of users (n,), one a prediction; "" is a user nobody knows and does not count."""
    found: dict[str, int] = {}
    counts = pc.value_counts(users)
    for user, number in zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True):
        if user:
            place, sign = _place(user)
            found[place] = found.get(place, 0) + sign * number
    return dict(sorted(found.items(), key=lambda one: int(one[0])))


def squares(found: Mapping[str, float]) -> float:
    """Σ w² over users, of a sketch or of a difference of two."""
    return float(np.square(np.fromiter(found.values(), np.float64, len(found))).sum())


def _place(user: str) -> tuple[str, int]:
    digest = int.from_bytes(hashlib.blake2b(user.encode(errors="surrogatepass"), digest_size=8).digest())
    return str((digest >> 1) % PLACES), 1 if digest & 1 else -1
