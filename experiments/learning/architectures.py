"""Every architecture by its key: recommenders that learn from interactions, models that learn from tables."""

from __future__ import annotations

from experiments.learning.families import Family
from experiments.learning.recommenders.base import Architecture
from experiments.learning.recommenders.errors import UnknownArchitecture
from experiments.learning.recommenders.registry import ARCHITECTURES
from experiments.learning.tabular.base import TabularArchitecture
from experiments.learning.tabular.registry import TABULAR

AnyArchitecture = Architecture | TabularArchitecture


def _by_family() -> dict[Family, dict[str, AnyArchitecture]]:
    found: dict[Family, dict[str, AnyArchitecture]] = {family: {} for family in Family}
    found[Family.RECOMMENDATION].update(ARCHITECTURES)
    for key, architecture in TABULAR.items():
        found[architecture.family][key] = architecture
    return found


ARCHITECTURES_OF: dict[Family, dict[str, AnyArchitecture]] = _by_family()
"""In the order in which forms list them. Keys are unique across families."""

_BY_KEY: dict[str, AnyArchitecture] = {
    key: architecture for of_family in ARCHITECTURES_OF.values() for key, architecture in of_family.items()
}


def find(key: str) -> AnyArchitecture | None:
    return _BY_KEY.get(key)


def get(key: str) -> AnyArchitecture:
    """Raises UnknownArchitecture, which lists what exists."""
    if key not in _BY_KEY:
        raise UnknownArchitecture(f"architecture is {key!r}; accepted: {', '.join(_BY_KEY)}.")
    return _BY_KEY[key]


def family_of(key: str) -> Family:
    """The family whose data an architecture learns from. Raises UnknownArchitecture."""
    return _family(get(key))


def all_keys() -> tuple[str, ...]:
    return tuple(_BY_KEY)


def _family(architecture: AnyArchitecture) -> Family:
    return architecture.family if isinstance(architecture, TabularArchitecture) else Family.RECOMMENDATION
