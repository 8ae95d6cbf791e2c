"""The stored space of a search, typed."""

from __future__ import annotations

from experiments.learning import architectures
from experiments.learning.search.space import Space, restored
from experiments.models import Search


def space_of(search: Search) -> Space:
    """Raises ValueError where the architecture is gone or has changed so that the space does not hold any more."""
    found = architectures.find(search.architecture)
    if found is None:
        raise ValueError(f"architecture: {search.architecture!r} does not exist any more")
    return restored(found.parameters, search.space)
