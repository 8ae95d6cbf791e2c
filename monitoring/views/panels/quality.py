"""The quality tab: how good are the answers, against what they were when the version was new?"""

from __future__ import annotations

from typing import Any

from experiments.models import RegisteredModel
from monitoring import charts_quality
from monitoring.models import Source
from monitoring.selectors.quality import quality
from monitoring.selectors.windows import Period


def panel(model: RegisteredModel, sources: list[Source], period: Period) -> dict[str, Any]:
    found = quality(model, sources, period)
    return {
        "judged": found,
        "over_time": charts_quality.over_time(found),
        "by_segment": charts_quality.by_segment(found),
    }
