"""Points that fill a space evenly however many there are: a Halton sequence, shifted by the seed.

The n-th point in base b is n's digits in b mirrored behind the point (Halton, Numerische Mathematik 1960). Its shift
(Cranley and Patterson, SIAM J. Numer. Anal. 1976) makes searches of different seeds differ.
"""

from __future__ import annotations

import numpy as np

PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
SKIPPED = 20
"""First points of a Halton sequence lie on a line in high bases."""


def share_at(number: int, axis: int, seed: int) -> float:
    """Place of the point ``number`` (from 0) along one axis, from 0 to below 1. At most as many axes as PRIMES."""
    shift = float(np.random.default_rng([seed, axis]).random())
    return (_mirrored(number + SKIPPED, PRIMES[axis]) + shift) % 1.0


def _mirrored(number: int, base: int) -> float:
    found, scale = 0.0, 1.0 / base
    while number:
        number, digit = divmod(number, base)
        found += digit * scale
        scale /= base
    return found
