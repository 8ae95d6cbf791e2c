"""Which runs were measured on the same data: one dataset, divided in the same way. Means over others mean little."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import CharField, F, Func, TextField, Value
from django.db.models.functions import Cast


class _Without(Func):
    """A JSON object without one of its keys."""

    template = "(%(expressions)s)"
    arg_joiner = " - "


def split_key() -> Cast:
    """How a run's data was divided, whatever the draw, as a text that is equal where the division is equal."""
    return Cast(_Without(F("split"), Cast(Value("seed"), TextField())), CharField())


def split_words(split: Mapping[str, Any]) -> str:
    """ "random, 20 % test" for {"method": "random", "test_share": 0.2}; "no split known" where there is none."""
    method = str(split.get("method") or "").replace("_", " ")
    if not method:
        return "no split known"
    share = split.get("test_share")
    if method in ("random", "time") and isinstance(share, int | float):
        return f"{method}, {share * 100:.3g}\u202f% test"
    return method
