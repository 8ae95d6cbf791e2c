"""Windows with feedback by the version that answered, for lines over time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from monitoring.models import Source
from monitoring.selectors.windows import WindowPoint, series
from monitoring.services.scene import Scene, answering

MOST_VERSIONS = 4
Windows = dict[dt.datetime, list[WindowPoint]]
"""By their start; several where a version answered in several roles."""


def windows_by_version(scene: Scene, sources: Sequence[Source], measures: Sequence[str]) -> dict[str, Windows]:
    """One query: the live version first, then those with the most labels; windows without feedback are left out."""
    heard = {one.pk: one for one in answering(list(sources), None)}
    found: dict[str, Windows] = {}
    for point in series(list(heard.values()), scene.period, measures):
        if point.labelled:
            windows = found.setdefault(heard[point.source_id].number, {})
            windows.setdefault(point.start, []).append(point)
    judged = scene.version.number if scene.version is not None else ""

    def labels(name: str) -> tuple[bool, int]:
        return name == judged, sum(point.labelled for points in found[name].values() for point in points)

    return {name: found[name] for name in sorted(found, key=labels, reverse=True)[:MOST_VERSIONS]}
