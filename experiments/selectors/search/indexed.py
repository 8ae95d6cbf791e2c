"""Conditions on runs that an index answers, and what the index is asked beside the condition itself."""

from __future__ import annotations

import re

from django.db.models import F, Q, Value

from experiments.query import Comparison, Expression, Words
from experiments.selectors.search.expressions import HasTrigrams

TRIGRAM = 3
_WHOLE_VALUES = frozenset({"status", "architecture", "model_type", "dataset", "created_by", "run_type", "origin", "id"})
_RANGES = frozenset({"created_at", "duration"})


def indexed_condition(node: Expression) -> Q | None:
    """What to add to a condition so that an index finds its runs: nothing (``Q()``) where the condition does that by
    itself, None where no index helps.
    """
    if isinstance(node, Words):
        return _with_trigrams([node.text])
    if not isinstance(node, Comparison):
        return None
    whole = node.operator in ("=", "in")
    if node.field.kind == "tag":
        return Q() if whole else None
    name = node.field.name
    if name == "name":
        return Q() if whole else _of_name(node)
    if whole and name in _WHOLE_VALUES:
        return Q()
    return Q() if name in _RANGES and node.operator != "!=" and node.operator != "not in" else None


def _of_name(node: Comparison) -> Q | None:
    if node.operator == "~":
        return _with_trigrams([str(node.values[0])])
    if node.operator in ("like", "ilike"):
        return _with_trigrams(re.split("[%_]", str(node.values[0])))
    return None


def _with_trigrams(pieces: list[str]) -> Q | None:
    """Texts of at least three characters are looked up by their trigrams."""
    long = [piece for piece in pieces if len(piece) >= TRIGRAM]
    found = Q()
    for piece in long:
        found &= Q(HasTrigrams(F("name"), Value(piece)))
    return found if long else None
