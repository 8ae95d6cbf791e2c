"""The traffic tab: how much a model is used, and how it answers."""

from __future__ import annotations

from typing import Any

from experiments.models import RegisteredModel
from monitoring import charts_windows
from monitoring.models import Source
from monitoring.selectors import traffic as shown
from monitoring.selectors.windows import Period


def panel(model: RegisteredModel, sources: list[Source], period: Period) -> dict[str, Any]:
    found = shown.traffic(model, sources, period)
    return {
        "traffic": found,
        "over_time": charts_windows.predictions(found),
        "response_times": charts_windows.response_times(found),
        "confidence": charts_windows.confidence(found),
    }
