"""Tabs of the monitoring page, in their order: a file each with ``panel``, and a partial of the template.

``panel(model, sources, period)`` gives the context of ``templates/monitoring/parts/<key>.html``. It costs the same
however many predictions there were.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from experiments.models import RegisteredModel
from monitoring.models import Source
from monitoring.selectors.windows import Period
from monitoring.views.panels import cost, data, drift, quality, traffic

Panel = Callable[[RegisteredModel, list[Source], Period], dict[str, Any]]


@dataclass(frozen=True)
class Tab:
    key: str
    label: str
    icon: str
    panel: Panel

    @property
    def partial(self) -> str:
        return f"monitoring/parts/{self.key}.html"


_ALL = (
    Tab("quality", "Quality", "gauge", quality.panel),
    Tab("cost", "Cost", "circle-dollar-sign", cost.panel),
    Tab("drift", "Drift", "git-compare-arrows", drift.panel),
    Tab("data", "Data", "database", data.panel),
    Tab("traffic", "Traffic", "activity", traffic.panel),
)
TABS = {one.key: one for one in _ALL}
LINKS = tuple({"key": one.key, "label": one.label, "icon": one.icon} for one in _ALL)
"""As the component of tabs takes them."""
JUDGED, UNJUDGED = "quality", "traffic"
"""The tab that opens by itself: once an answer was judged, and before."""
