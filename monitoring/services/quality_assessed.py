"""Live figures of a stretch held against the version's baseline: by metric and by segment (decision D4).

Pages and the check ask the same function, so a figure on a page and one in a finding are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from experiments.models import RegisteredModel
from monitoring.models import MonitoringSettings, Verdict
from monitoring.services.baselines import Baseline
from monitoring.stats.performance import METRICS, Metric, share_interval, share_of, verdict_of
from monitoring.summaries import live
from monitoring.summaries.types import Summary

HEADLINES: Mapping[live.Kind, str] = {"lists": "ndcg_at_10", "classes": "accuracy", "numbers": "rmse"}
SEGMENTS = {
    "new": "New users", "light": "Light users", "heavy": "Heavy users", "head": "Popular items", "tail": "Rare items",
}  # fmt: skip
SEGMENT_NOTES = {
    "new": "The version learnt nothing from them.",
    "light": "1 to 19 interactions in the training data.",
    "heavy": "20 interactions and more.",
    "head": "The fewest items that make up half of the training interactions.",
    "tail": "All other items of the training data.",
}
SEGMENT_SHARE = 0.25
"""A segment is judged from this share of the minimum labels on."""
_KINDS: Mapping[str, live.Kind] = {
    "recommendation": "lists", "next_best_action": "classes", "forecasting": "numbers", "pricing": "numbers",
    "location_scoring": "numbers",
}  # fmt: skip


@dataclass(frozen=True)
class Standing:
    """One metric now and at first. ``share`` is its performance, ``interval`` that of the share."""

    metric: Metric
    now: live.Measured
    before: live.Measured | None
    share: float | None
    interval: tuple[float, float] | None
    verdict: Verdict

    @property
    def degradation(self) -> float | None:
        return None if self.share is None else 1 - self.share


@dataclass(frozen=True)
class SegmentStanding:
    """A part of users or of items; ``missing`` judged answers more and it could be judged."""

    key: str
    standings: dict[str, Standing]
    n: int
    missing: int

    @property
    def title(self) -> str:
        return SEGMENTS[self.key]

    @property
    def note(self) -> str:
        return SEGMENT_NOTES[self.key]

    @property
    def is_of_items(self) -> bool:
        return self.key in ("head", "tail")


@dataclass(frozen=True)
class Assessed:
    """Quality of a stretch. ``labels`` are the answers that the headline metric is made of, ``missing`` how many more
    are needed; ``answered`` predictions of which ``labelled`` have feedback."""

    kind: live.Kind
    headline: str
    standings: dict[str, Standing]
    segments: list[SegmentStanding]
    baseline: Baseline | None
    labels: int
    missing: int
    answered: int
    labelled: int
    verdict: Verdict = field(default=Verdict.NOT_ENOUGH)

    @property
    def leading(self) -> Standing | None:
        return self.standings.get(self.headline)

    @property
    def coverage(self) -> float | None:
        """Share of the answered predictions that have feedback."""
        return self.labelled / self.answered if self.answered else None


def kind_for(model: RegisteredModel, summary: Summary) -> live.Kind:
    """By what the feedback is on; without any, by what the family answers with."""
    return live.kind_of(summary) or _KINDS.get(model.family, "lists")


def headline_for(model: RegisteredModel, kind: live.Kind) -> str:
    """The metric that the model's gate compares where there is a live one of its name, else the kind's own."""
    chosen = model.headline.partition(".")[2]
    names = {
        "lists": ("ndcg_at_10", "precision_at_10", "recall_at_10", "f1_at_10", "hit_rate_at_10"),
        "classes": ("accuracy", "f1", "auc"),
        "numbers": ("rmse", "mae"),
    }[kind]
    return chosen if chosen in names else HEADLINES[kind]


def assess(
    settings: MonitoringSettings,
    kind: live.Kind,
    headline: str,
    summary: Summary,
    baseline: Baseline | None,
    *,
    answered: int,
    labelled: int,
) -> Assessed:
    """``summary``: the measures of ``baselines.MEASURES`` of the stretch, merged."""
    figures = live.figures_of(summary, kind)
    before = live.figures_of(baseline.summary, kind) if baseline is not None else {}
    leading = figures.get(headline)
    labels = leading.n if leading is not None else 0
    standings = _standings(settings, figures, before, settings.minimum_labels)
    least = max(1, round(settings.minimum_labels * SEGMENT_SHARE))
    judged = standings.get(headline)
    return Assessed(
        kind,
        headline,
        standings,
        _segments(settings, summary, baseline, least) if kind == "lists" else [],
        baseline,
        labels,
        max(0, settings.minimum_labels - labels),
        answered,
        labelled,
        judged.verdict if judged is not None else Verdict.NOT_ENOUGH,
    )


def _standings(
    settings: MonitoringSettings, figures: live.Figures, before: live.Figures, least: int
) -> dict[str, Standing]:
    scale = before["rmse"].value if "rmse" in before else 1.0
    return {name: _standing(settings, name, one, before.get(name), least, scale) for name, one in figures.items()}


def _standing(
    settings: MonitoringSettings, name: str, now: live.Measured, before: live.Measured | None, least: int, scale: float
) -> Standing:
    metric = METRICS[name]
    if before is None:
        return Standing(metric, now, None, None, None, Verdict.NOT_ENOUGH)
    share = share_of(metric.rule, now.value, before.value, scale)
    interval = None
    if share is not None:
        interval = share_interval(metric.rule, share, (now.value, now.error), (before.value, before.error), scale)
    enough = min(now.n, before.n) >= least
    found = verdict_of(share, settings.watch_below, settings.degraded_below) if enough else "not_enough"
    return Standing(metric, now, before, share, interval, Verdict(found))


def _segments(
    settings: MonitoringSettings, summary: Summary, baseline: Baseline | None, least: int
) -> list[SegmentStanding]:
    """Users by how much the version knows of them, then items by their popularity in training."""
    old = baseline.summary if baseline is not None else {}
    now = live.segments_of(summary) | live.popularity_of(summary)
    before = live.segments_of(old) | live.popularity_of(old)
    out = []
    for key in SEGMENTS:
        if not (figures := now.get(key, {})):
            continue
        standings = _standings(settings, figures, before.get(key, {}), least)
        n = max(one.n for one in figures.values())
        out.append(SegmentStanding(key, standings, n, max(0, least - n)))
    return out
