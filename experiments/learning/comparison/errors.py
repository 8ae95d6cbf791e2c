"""Why runs cannot be compared, in words that a page can show as they are."""

from __future__ import annotations


class NoPerUserResults(ValueError):
    """A run's per-user results are missing, damaged or lack what is asked for; the text says which."""


class CannotCompare(ValueError):
    """What was asked of a comparison has no answer: unknown metric, infinite values, another test part."""
