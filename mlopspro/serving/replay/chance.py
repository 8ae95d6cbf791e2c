"""Random numbers that depend on what they are for and not on what was drawn before, so that a replay can be resumed."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, purpose: str, number: int = 0) -> np.random.Generator:
    """The same for the same arguments, independent for others."""
    return np.random.default_rng((seed, zlib.crc32(purpose.encode()), number))


def share_of(seed: int, purpose: str, name: str) -> float:
    """A number in [0, 1) that belongs to a name, such as a user's: below 0.3 are 30 % of all names."""
    return zlib.crc32(f"{seed}/{purpose}/{name}".encode()) / 2**32
