"""What cannot be explained, and why."""

from __future__ import annotations


class NotExplainable(ValueError):
    """This model's answers have no exact split that is cheap enough; the message says why, for people."""
