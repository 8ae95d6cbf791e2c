"""The data tab: is what comes in sound, is it fresh, and who gets seen."""

from __future__ import annotations

from typing import Any

from experiments.models import RegisteredModel
from monitoring import charts_data
from monitoring.models import Source
from monitoring.selectors.data_quality import data_quality
from monitoring.selectors.windows import Period


def panel(model: RegisteredModel, sources: list[Source], period: Period) -> dict[str, Any]:
    found = data_quality(model, sources, period)
    return {
        "quality": found,
        "course": charts_data.course(found),
        "feedback_course": charts_data.feedback(found, period),
        "exposure_chart": charts_data.exposure(found.exposure) if found.exposure is not None else None,
    }
