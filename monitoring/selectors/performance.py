"""How well a model did over time: what was judged at the end of each window, and the figures of that window (F147)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from experiments.models import RegisteredModel
from monitoring.models import Check, Source
from monitoring.selectors import checks
from monitoring.selectors.windows import Period, WindowPoint, series
from monitoring.services.window_reads import sources_of
from monitoring.summaries import figures, measures

NEEDED = ("judged", "classes", "numbers")


def trend(model: RegisteredModel, chosen: Period) -> dict[str, Any]:
    """One point a window, also where nothing happened; of all sources that answered by themselves: shadows and
    interleaved lists are left out."""
    step = dt.timedelta(seconds=chosen.level)
    ends = [start + step for start in chosen.starts]
    judged = checks.course([model], Check.Area.QUALITY, ends, step)[model.pk]
    windows: dict[dt.datetime, list[WindowPoint]] = {}
    for point in series(_answering(model), chosen, NEEDED):
        windows.setdefault(point.start, []).append(point)
    points = [_point(at, share, windows.get(at - step, [])) for at, share in zip(ends, judged, strict=True)]
    return {
        "model": model.pk,
        "start": chosen.start,
        "end": chosen.end,
        "step_seconds": chosen.level,
        "points": points,
    }


def _answering(model: RegisteredModel) -> list[Source]:
    return [one for one in sources_of(model) if one.is_own]


def _point(at: dt.datetime, share: float | None, windows: list[WindowPoint]) -> dict[str, Any]:
    return {
        "at": at,
        "performance": share,
        "metrics": figures.quality(measures.merge([one.summary for one in windows], NEEDED)),
        "labels": sum(one.labelled for one in windows),
        "predictions": sum(one.predictions for one in windows),
    }
