"""From what a model adds up to what it predicts."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.tabular.base import Floats

Link = Literal["identity", "log", "logit"]
LINKS: tuple[Link, ...] = get_args(Link)
_LARGEST_EXPONENT = 700.0
"""e^700 is about 1e304: a prediction is always a finite number."""


def require_link(link: object) -> Link:
    """Raises ScorerError for anything that is no link."""
    for known in LINKS:
        if link == known:
            return known
    raise ScorerError(f"link is {link!r}; accepted: {', '.join(LINKS)}.")


def predicted(raw: Floats, link: Link) -> Floats:
    """identity: raw; log: e^raw; logit: the probability 1 / (1 + e^-raw). Shape stays."""
    if link == "identity":
        return raw
    bounded = np.clip(raw, -_LARGEST_EXPONENT, _LARGEST_EXPONENT)
    return np.exp(bounded) if link == "log" else 1.0 / (1.0 + np.exp(-bounded))
