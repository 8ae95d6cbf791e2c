"""A few lists with a drawn last place, so that it is known with what chance each item was shown.

Lists are chosen by score alone, so of an item that the champion never shows nothing can be learnt from the log. With
the model's share of exploration the last place is drawn uniformly from the champion's EXPLORED best items for that
place, its own among them. The chances are logged, and a challenger can be judged on them before anybody sees it
(``retraining/trial/off_policy.py``). Nothing is drawn from a random generator: user and request say what comes, so a
list can be made again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

EXPLORED = 20
"""Items the last place is drawn from: the one that stands there by score, and the next ones."""
_WHOLE = float(1 << 64)


@dataclass(frozen=True)
class Draw:
    """``place``: which place of the ranking (0 is the best) is shown last; ``propensity``: with what chance it was."""

    place: int
    propensity: float


def depth(n: int, share: float) -> int:
    """How many items have to be ranked for a list of ``n``."""
    return n + EXPLORED - 1 if share > 0 else n


def draw(ranked: int, n: int, share: float, seed: str) -> Draw | None:
    """What is shown last of a list of ``n`` from ``ranked`` items, of which ``depth`` were asked for.

    The own item's chance is 1 − share + share / m, another's share / m, with m candidates. None of an empty list.
    """
    if not ranked:
        return None
    own = min(n, ranked) - 1
    candidates = min(EXPLORED, ranked - own)
    digest = hashlib.blake2b(seed.encode(errors="surrogatepass"), digest_size=16, person=b"exploration").digest()
    chance, which = (int.from_bytes(half) / _WHOLE for half in (digest[:8], digest[8:]))
    place = own + min(int(which * candidates), candidates - 1) if chance < share else own
    return Draw(place, share / candidates + (1 - share if place == own else 0.0))
