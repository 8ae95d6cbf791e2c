"""What the units of a protocol are called: users of a recommender; series, products, customers or places of a table."""

from __future__ import annotations

from collections.abc import Mapping

USER = "user"
UNITS: Mapping[str, str] = {"forecast": "series", "demand": "product", "action": "customer", "spatial": "place"}
"""Protocols of tables; every other one judges users."""
_SAME_IN_PLURAL = frozenset({"series"})


def unit_of(protocol: str) -> str:
    """One unit of a protocol, such as "user"."""
    return UNITS.get(protocol, USER)


def plural(unit: str) -> str:
    return unit if unit in _SAME_IN_PLURAL else f"{unit}s"


def counted(count: int, unit: str = USER) -> str:
    """ "1 user", "943 users", "40 series"."""
    return f"{count} {unit if count == 1 else plural(unit)}"


def tested(protocol: str) -> str:
    """What a test part consists of: ratings, or rows of a table."""
    return "rows" if protocol in UNITS else "ratings"
