"""What the cost tab shows: decisions counted in a period, and money made of them at the model's prices of now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from experiments.models import Deployment, RegisteredModel
from mlopspro.core.formats import number, share
from monitoring.models import MonitoringSettings, Source, Verdict
from monitoring.selectors.by_version import windows_by_version
from monitoring.selectors.traffic import deployments_in
from monitoring.selectors.windows import Period, WindowPoint, per_source
from monitoring.services.cost_checks import sentence_of, verdict_of
from monitoring.services.cost_counts import (
    MEASURES,
    Counted,
    Decisions,
    catalogue_of,
    counted,
    money,
    prices_of,
)
from monitoring.services.quality_assessed import kind_for
from monitoring.services.quality_checks import ANSWERS
from monitoring.services.scene import Scene, answering, scene_of
from monitoring.stats.cost import Cost, Lengths
from monitoring.summaries import live, measures

_PARTS = {
    "lists": ("Irrelevant items shown", "Relevant items missed"),
    "classes": ("Wrong answers given", "True answers not given"),
    "numbers": ("Numbers too high", "Numbers too low"),
}
LEAST_ANSWERS = 10
"""A window with fewer judged answers is not drawn."""


@dataclass(frozen=True)
class Priced:
    """Counts with what they cost at the prices of now."""

    counts: Counted
    cost: Cost

    @property
    def decisions(self) -> Decisions | None:
        return self.counts if isinstance(self.counts, Decisions) else None

    @property
    def answers(self) -> int:
        return self.counts.answers


@dataclass(frozen=True)
class VariantCost:
    """One source in the period; ``priced`` None where nothing of it is judged."""

    source: Source
    answered: int
    priced: Priced | None


@dataclass(frozen=True)
class CostPoint:
    """One window; ``priced`` None below 10 judged answers."""

    start: dt.datetime
    priced: Priced | None


@dataclass(frozen=True)
class CostCourse:
    """Of one version."""

    name: str
    points: list[CostPoint]


@dataclass(frozen=True)
class Part:
    """``share`` of all the money; None where there is none."""

    label: str
    dollars: float
    share: float | None


@dataclass(frozen=True)
class CostPage:
    """Everything of the tab, counted in the period and priced now."""

    scene: Scene
    kind: live.Kind
    whole: Priced | None
    lengths: Lengths | None
    courses: list[CostCourse]
    variants: list[VariantCost]
    deployments: list[Deployment]
    answered: int
    labelled: int

    @property
    def settings(self) -> MonitoringSettings:
        return self.scene.settings

    @property
    def answers_word(self) -> str:
        return ANSWERS[self.kind]

    @property
    def sentence(self) -> str:
        return sentence_of(self.scene, self.kind, self.answered, self.whole.counts if self.whole else None)

    @property
    def rule_words(self) -> str:
        if self.kind == "lists":
            return "One decision: show this candidate to this user, or not."
        return "One decision a label: it is the answer, or not."

    @property
    def notes(self) -> list[str]:
        """What the counts do not know, in words."""
        counts = self.whole.decisions if self.whole is not None else None
        return _notes(counts) if counts is not None else []

    @property
    def parts(self) -> list[Part]:
        """The two kinds of errors with their share of the money."""
        if self.whole is None:
            return []
        cost, names = self.whole.cost, _PARTS[self.kind]
        pairs = zip(names, (cost.false_positives, cost.false_negatives), strict=True)
        return [Part(name, dollars, dollars / cost.total if cost.total else None) for name, dollars in pairs]

    @property
    def worth_showing(self) -> float | None:
        """The chance of being wanted from which an item costs less shown than not: price_fp / (price_fp + price_fn)."""
        prices = prices_of(self.settings)
        both = prices.false_positive + prices.false_negative
        return prices.false_positive / both if both else None

    @property
    def missing(self) -> int:
        """Judged answers more, and there is a verdict."""
        return max(0, self.settings.minimum_labels - (self.whole.answers if self.whole else 0))

    @property
    def coverage(self) -> float | None:
        return self.labelled / self.answered if self.answered else None

    @property
    def verdict(self) -> Verdict:
        if self.whole is None or self.missing or self.whole.cost.per_1000 is None:
            return Verdict.NOT_ENOUGH
        return verdict_of(self.whole.cost.per_1000, self.settings.cost_limit)

    @property
    def share_of_limit(self) -> float | None:
        if self.whole is None or self.whole.cost.per_1000 is None or not self.settings.cost_limit:
            return None
        return self.whole.cost.per_1000 / self.settings.cost_limit

    @property
    def usual_length(self) -> int:
        places = self.whole.decisions.places if self.whole and self.whole.decisions else None
        return places.usual_length if places is not None else 0

    @property
    def saving(self) -> float | None:
        """Share of a list's cost that the best length would save."""
        if self.lengths is None:
            return None
        now = float(self.lengths.costs[min(self.usual_length, len(self.lengths.costs) - 1)])
        return 1 - self.lengths.best_cost / now if now else None


def cost(model: RegisteredModel, sources: Sequence[Source], chosen: Period) -> CostPage:
    """Six queries, whatever the numbers of predictions and windows."""
    scene = scene_of(model, period=chosen, sources=list(sources))
    totals = per_source(sources, chosen, MEASURES)
    own = [totals[one.pk] for one in scene.sources if one.pk in totals]
    summary = measures.merge([one.summary for one in own], MEASURES) if own else {}
    kind = kind_for(model, summary)
    whole = _priced(counted(summary, kind, catalogue_of(scene.sources)), scene.settings)
    variants = [
        VariantCost(
            one,
            totals[one.pk].predictions - totals[one.pk].errors,
            _priced(counted(totals[one.pk].summary, kind, catalogue_of([one])), scene.settings),
        )
        for one in sources
        if one.pk in totals and totals[one.pk].predictions
    ]
    places = whole.decisions.places if whole is not None and whole.decisions is not None else None
    return CostPage(
        scene=scene,
        kind=kind,
        whole=whole,
        lengths=places.lengths(prices_of(scene.settings)) if places is not None else None,
        courses=_courses(scene, sources, kind),
        variants=sorted(variants, key=lambda row: -row.answered),
        deployments=deployments_in(model, chosen),
        answered=sum(one.predictions - one.errors for one in own),
        labelled=sum(one.labelled for one in own),
    )


def repriced(page: CostPage, settings: MonitoringSettings) -> CostPage:
    """The same counts at other prices, for "what would change"."""
    whole = _priced(page.whole.counts, settings) if page.whole is not None else None
    return replace(page, scene=replace(page.scene, settings=settings), whole=whole)


def _notes(counts: Decisions) -> list[str]:
    out = []
    if counts.kind == "lists":
        out.append(
            "Shown items that nobody spoke of count as irrelevant. Missed items are known only where feedback names "
            "them, so false negatives are a lower bound."
        )
        if counts.catalogue is not None:
            out.append(f"Candidates: the {number(counts.catalogue)} items of the catalogue but for the user's history.")
        if counts.understated:
            out.append(
                f"The history of some users is not known: a cost a 1,000 predictions is up to "
                f"{share(counts.understated)} too low."
            )
        elif counts.understated is None:
            out.append("No history of users is known, so it is not taken off: costs a 1,000 predictions are too low.")
    elif counts.rest:
        out.append(f"{number(counts.rest)} answers with rare labels are in no count.")
    return out


def _priced(counts: Counted | None, settings: MonitoringSettings) -> Priced | None:
    return Priced(counts, money(counts, settings)) if counts is not None else None


def _courses(scene: Scene, sources: Sequence[Source], kind: live.Kind) -> list[CostCourse]:
    """Windows without answers are gaps."""
    heard = answering(list(sources), None)
    courses = []
    for name, windows in windows_by_version(scene, sources, MEASURES).items():
        catalogue = catalogue_of([one for one in heard if one.number == name])
        points = [
            CostPoint(start, _in_window(windows.get(start, []), scene, kind, catalogue))
            for start in scene.period.starts
        ]
        courses.append(CostCourse(name, points))
    return courses


def _in_window(points: Sequence[WindowPoint], scene: Scene, kind: live.Kind, catalogue: int | None) -> Priced | None:
    if sum(point.labelled for point in points) < LEAST_ANSWERS:
        return None
    counts = counted(measures.merge([point.summary for point in points], MEASURES), kind, catalogue)
    return _priced(counts, scene.settings) if counts is not None and counts.answers >= LEAST_ANSWERS else None
