"""A variant against the control: what every test answers."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """variant − control with its interval. ``p_value``: adjusted for the number of variants.

    None where nothing can be said: fewer than two users in an arm, or no variance at all.
    """

    control: float | None
    variant: float | None
    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    level: float

    @property
    def lift(self) -> float | None:
        """As a share of the control's value."""
        return self.value / self.control if self.value is not None and self.control else None

    def significant(self, alpha: float) -> bool:
        return self.p_value is not None and self.p_value < alpha


def unknown(control: float, variant: float, level: float) -> Difference:
    """Of arms that cannot be compared."""
    one, two = (found if math.isfinite(found) else None for found in (control, variant))
    return Difference(one, two, None, None, None, None, level)
