"""Whether a run reaches what its recipe asks for (``pipeline.evaluation.metrics``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ThresholdResult:
    """One threshold and what the run has there.

    ``key`` is protocol.metric, ``value`` the figure over everything. ``passed`` is None where the run has no such
    figure: nothing is known, which is never the same as reached. ``blocks``: a run outside is not promoted.
    """

    key: str
    value: float | None
    minimum: float | None
    maximum: float | None
    blocks: bool
    passed: bool | None

    @property
    def protocol(self) -> str:
        return self.key.partition(".")[0]

    @property
    def name(self) -> str:
        return self.key.partition(".")[2]

    @property
    def bounds(self) -> str:
        """ "at least 0.75", "at most 1", "from 0.2 to 0.4"."""
        if self.minimum is not None and self.maximum is not None:
            return f"from {self.minimum:g} to {self.maximum:g}"
        if self.minimum is not None:
            return f"at least {self.minimum:g}"
        return f"at most {self.maximum:g}" if self.maximum is not None else "no bound"


def judged(manifest: Mapping[str, Any], metrics: Mapping[str, float | None]) -> list[ThresholdResult]:
    """Every threshold of an effective manifest, in the order in which it names them.

    Args:
        manifest: of the run; {} (no recipe) has none.
        metrics: value over everything by ``protocol.name``.
    """
    asked = ((manifest.get("pipeline") or {}).get("evaluation") or {}).get("metrics") or {}
    return [_result(key, threshold or {}, metrics.get(key)) for key, threshold in asked.items()]


def _result(key: str, threshold: Mapping[str, Any], value: float | None) -> ThresholdResult:
    """Bounds belong to what is accepted."""
    minimum, maximum = threshold.get("minimum"), threshold.get("maximum")
    passed = None
    if value is not None:
        passed = (minimum is None or value >= minimum) and (maximum is None or value <= maximum)
    return ThresholdResult(key, value, minimum, maximum, bool(threshold.get("blocks", True)), passed)
