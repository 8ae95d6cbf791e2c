"""What answers cost: decisions counted from windows, and money made of them at the model's prices (decision D3).

Counts are stored and money is not, so a new price changes every figure at once, also those of the past.

Lists. A decision is one candidate shown to one user, or not; candidates are the items of the catalogue that are not in
the user's training data. TP and FN are what feedback calls positive, shown and not. Every other shown item is FP, also
the silent ones that nobody spoke of, as the catalogue protocol counts them. TN is the rest: N · lists - history - shown
- FN. Where the size of the catalogue is not known there is no TN, and no cost a 1,000 predictions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monitoring.models import MonitoringSettings, Source
from monitoring.stats.cost import Confusion, Cost, Lengths, Prices, best_length, confusion_of, cost_of, cost_of_numbers
from monitoring.summaries import judged, live
from monitoring.summaries.types import Summary

MEASURES = ("judged", "candidates", "classes", "numbers")


@dataclass(frozen=True)
class Places:
    """Of lists, by place from the first: items shown there, and those of them that are positive."""

    shown: list[float]
    positive: list[float]
    relevant: float
    """All positives, shown or not."""
    lists: float

    def lengths(self, prices: Prices) -> Lengths | None:
        """Expected cost of a list by its length, 0 … as long as lists were; None where there is no list."""
        if not self.lists or not self.shown:
            return None
        return best_length(self.shown, self.positive, max(self.relevant, sum(self.positive)), self.lists, prices)

    @property
    def usual_length(self) -> int:
        """The mean length, rounded."""
        return round(sum(self.shown) / self.lists) if self.lists else 0


@dataclass(frozen=True)
class Decisions:
    """Of lists or of a classifier. ``answers``: judged lists, or judged answers.

    ``catalogue``: items per list, None where it is not known: then TN is 0 and nothing is said a 1,000 predictions.
    ``understated``: by which share a cost a 1,000 predictions may be too low, as the history of some users is not
    known; None where it is not known of any.
    """

    kind: live.Kind
    confusion: Confusion
    answers: int
    silent: int = 0
    catalogue: int | None = None
    understated: float | None = 0.0
    rest: int = 0
    """Of a classifier: answers whose labels are not kept apart; they are in no count."""
    places: Places | None = None

    @property
    def has_rates(self) -> bool:
        """Whether true negatives are known."""
        return self.kind == "classes" or self.catalogue is not None

    def cost(self, prices: Prices) -> Cost:
        """Without true negatives there is nothing to divide by, so per_1000 is None."""
        found = cost_of(self.confusion, prices, self.answers)
        return found if self.has_rates else Cost(found.false_positives, found.false_negatives, None, found.per_list)


@dataclass(frozen=True)
class Errors:
    """Of a model that answers with numbers: sums of too much and of too little over n judged answers."""

    over: float
    under: float
    answers: int

    def cost(self, settings: MonitoringSettings) -> Cost:
        return cost_of_numbers(self.over, self.under, self.answers, settings.price_over, settings.price_under)


Counted = Decisions | Errors


def counted(summary: Summary, kind: live.Kind, catalogue: int | None) -> Counted | None:
    """From the merged measures of a stretch; None where nothing is judged. ``catalogue``: number of its items."""
    if kind == "numbers":
        found = summary.get("numbers")
        return Errors(found["over"], found["under"], found["n"]) if found and found["n"] else None
    if kind == "classes":
        return _classes(summary)
    sums = judged.whole(summary.get("judged"))
    if not sums or not sums["lists"]:
        return None
    return _lists(sums, summary.get("candidates") or {}, (summary.get("judged") or {}).get("places") or {}, catalogue)


def money(counts: Counted, settings: MonitoringSettings) -> Cost:
    """At the model's prices."""
    return counts.cost(settings) if isinstance(counts, Errors) else counts.cost(prices_of(settings))


def prices_of(settings: MonitoringSettings) -> Prices:
    return Prices(settings.price_false_positive, settings.price_false_negative)


def catalogue_of(sources: Iterable[Source]) -> int | None:
    """Items that the sources choose from, by the dataset of the newest version among them; None without a version."""
    known = [one.version for one in sources if one.version is not None]
    newest = max(known, key=lambda version: version.created_at, default=None)
    return newest.dataset.num_items or None if newest is not None else None


def _lists(sums: Mapping[str, float], candidates: Any, places: Any, catalogue: int | None) -> Decisions:
    lists, tp, fn = sums["lists"], sums["tp"], sums["fn"]
    silent = max(0, sums["silent"])
    fp = sums["fp"] + silent
    history = candidates.get("history", 0)
    # Windows of before this measure say nothing of history, as users of unknown history do.
    unknown = lists - candidates.get("lists", 0) + candidates.get("unknown", 0)
    tn = max(0.0, (catalogue or 0) * lists - history - tp - fp - fn) if catalogue else 0.0
    known = lists - unknown
    typical = history / known if known else 0.0
    # N lists of candidates are counted where N - h are: with h as large as that of the others, so much too many.
    understated = unknown / lists * typical / catalogue if catalogue else 0.0
    shown = places.get("shown", [])
    positive = list(places.get("positive", [])) + [0] * (len(shown) - len(places.get("positive", [])))
    return Decisions(
        "lists",
        Confusion(tp, fp, fn, tn),
        int(lists),
        int(silent),
        catalogue,
        understated if known else None,
        places=Places(list(shown), positive, tp + fn, lists),
    )


def _classes(summary: Summary) -> Decisions | None:
    found = summary.get("classes")
    if not found or not found["n"]:
        return None
    positive = live.positive_of(summary)
    return Decisions("classes", confusion_of(found["confusion"], positive), found["n"], rest=found["rest"])
