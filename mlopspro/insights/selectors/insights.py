"""Is the team getting better? All sections of the page at once; the API, the file and the command say the same."""

from __future__ import annotations

from dataclasses import dataclass

from mlopspro.accounts.models import Workspace
from mlopspro.insights.selectors.alarms import Alarms, alarms
from mlopspro.insights.selectors.promotions import Production, production
from mlopspro.insights.selectors.quality import Quality, quality
from mlopspro.insights.selectors.retrained import Retrained, retrained
from mlopspro.insights.selectors.span import Span
from mlopspro.insights.selectors.use import Use, use
from mlopspro.insights.selectors.velocity import Velocity, velocity


@dataclass(frozen=True)
class Insights:
    span: Span
    velocity: Velocity
    quality: Quality
    production: Production
    retrained: Retrained
    alarms: Alarms
    use: Use


def insights(workspace: Workspace, span: Span, metric: str = "", dataset: str = "") -> Insights:
    """At most 15 queries, whatever the numbers of runs, versions, predictions, alerts and people."""
    made = production(workspace, span)
    return Insights(
        span=span,
        velocity=velocity(workspace, span),
        quality=quality(workspace, span, metric, dataset),
        production=made,
        retrained=retrained(workspace, span, made),
        alarms=alarms(workspace, span),
        use=use(workspace, span),
    )
