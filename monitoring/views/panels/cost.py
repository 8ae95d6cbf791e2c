"""The cost tab: what do wrong answers cost, and would another list length be cheaper?"""

from __future__ import annotations

from typing import Any

from experiments.models import RegisteredModel
from monitoring import charts_cost
from monitoring.models import Source
from monitoring.selectors.cost import cost
from monitoring.selectors.windows import Period


def panel(model: RegisteredModel, sources: list[Source], period: Period) -> dict[str, Any]:
    found = cost(model, sources, period)
    return {
        "costs": found,
        "over_time": charts_cost.over_time(found),
        "by_length": charts_cost.by_length(found),
    }
