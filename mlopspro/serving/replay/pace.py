"""When each request has its turn: in the data's own rhythm, evenly, or as soon as possible."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """``speed`` times as fast as the data's own time, or ``rate`` requests a second; neither: as fast as possible."""

    speed: float | None = None
    rate: float | None = None

    def __post_init__(self) -> None:
        for name in ("speed", "rate"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ValueError(f"{name} is {value:g}; accepted: above 0")
        if self.speed is not None and self.rate is not None:
            raise ValueError(f"speed is {self.speed:g} and rate {self.rate:g}; accepted: one of them")

    def seconds(self, ordinal: int, offset: float) -> float:
        """Seconds from the start of the replay to the request that comes as the ``ordinal``-th (from 0), which is
        ``offset`` seconds of the data's time after the first."""
        if self.rate is not None:
            return ordinal / self.rate
        return offset / self.speed if self.speed is not None else 0.0


def parse_rate(text: str) -> float:
    """``50/s``, ``600/min``, ``36000/h`` or a bare number a second, as requests a second. Raises ValueError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:/(s|min|h))?", text.strip())
    if not found or float(found[1]) == 0:
        raise ValueError(f"rate is {text!r}; accepted: such as 50/s, 600/min or 36000/h")
    return float(found[1]) / {None: 1, "s": 1, "min": 60, "h": 3600}[found[2]]
