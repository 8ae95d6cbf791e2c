"""The stored space of a search, typed."""

from __future__ import annotations

from experiments.learning import architectures
from experiments.learning.search.space import Space, restored
from experiments.models import Search


def space_of(search: Search) -> Space:
    """In the order of the architecture's parameters, as PostgreSQL keeps no order of its own.

    Raises ValueError where the architecture is gone or has changed so that the space does not hold any more.
    """
    found = architectures.find(search.architecture)
    if found is None:
        raise ValueError(f"architecture: {search.architecture!r} does not exist any more")
    space = restored(found.parameters, search.space)
    return {name: space[name] for name in found.parameters.model_fields if name in space}
