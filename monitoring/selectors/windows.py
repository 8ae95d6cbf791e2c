"""What pages ask of windows. Checks ask the same, so it stands with the services (services/window_reads.py)."""

from monitoring.services.window_reads import (
    DAY,
    HOUR,
    MINUTE,
    NAMES,
    BadPeriod,
    Period,
    Totals,
    WindowPoint,
    cover,
    per_source,
    period,
    series,
    total,
)

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "NAMES",
    "BadPeriod",
    "Period",
    "Totals",
    "WindowPoint",
    "cover",
    "per_source",
    "period",
    "series",
    "total",
]
