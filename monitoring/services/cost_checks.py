"""The judge of cost: what wrong answers cost a 1,000 predictions, against the model's limit (decision D3)."""

from __future__ import annotations

from typing import Any

from mlopspro.core.formats import money, number, share
from monitoring.models import Finding, Verdict
from monitoring.services.cost_counts import (
    MEASURES,
    Counted,
    Decisions,
    Errors,
    catalogue_of,
    counted,
    prices_of,
)
from monitoring.services.cost_counts import money as cost_of_counts
from monitoring.services.quality_assessed import kind_for
from monitoring.services.quality_checks import ANSWERS
from monitoring.services.scene import Outcome, Scene
from monitoring.services.window_reads import total
from monitoring.stats.cost import Cost
from monitoring.summaries import live

ACT_FROM = 2.0
"""Times the limit."""
LEAST_SAVING = 0.10
"""Of the cost of a list; from here on another length is worth a word."""


_SPLIT = {"lists": "items shown in vain", "classes": "false positives", "numbers": "what was too high"}


def judge(scene: Scene) -> Outcome:
    """Dollars a 1,000 predictions are the score."""
    whole = total(scene.sources, scene.period, MEASURES)
    kind = kind_for(scene.model, whole.summary)
    counts = counted(whole.summary, kind, catalogue_of(scene.sources))
    sentence = sentence_of(scene, kind, whole.predictions - whole.errors, counts)
    if counts is None:
        return Outcome(Verdict.NOT_ENOUGH, sentence, None)
    cost = cost_of_counts(counts, scene.settings)
    verdict = Verdict.NOT_ENOUGH
    if counts.answers >= scene.settings.minimum_labels and cost.per_1000 is not None:
        verdict = verdict_of(cost.per_1000, scene.settings.cost_limit)
    score = cost.per_1000 if verdict != Verdict.NOT_ENOUGH else None
    return Outcome(verdict, sentence, score, _findings(scene, counts, cost, verdict))


def verdict_of(per_1000: float, limit: float) -> Verdict:
    """Watch above the limit (it may be time to retrain, D6), act from twice the limit on."""
    if per_1000 <= limit:
        return Verdict.OK
    return Verdict.ACT if per_1000 >= ACT_FROM * limit else Verdict.WATCH


def sentence_of(scene: Scene, kind: live.Kind, answered: int, counts: Counted | None) -> str:
    """What who is on call reads."""
    if not answered:
        return f"Stale: no prediction was answered ({scene.stretch}), so nothing can be said of cost."
    known = counts.answers if counts is not None else 0
    size = f"{number(known)} {ANSWERS[kind]} ({scene.stretch})"
    missing = scene.settings.minimum_labels - known
    if counts is None or missing > 0:
        return f"Not enough data: {size}, {number(missing)} more are needed."
    cost, limit = cost_of_counts(counts, scene.settings), scene.settings.cost_limit
    if cost.per_1000 is None:
        return (
            f"{size} cost {money(cost.per_1000_lists)} a 1,000 lists. Not enough data for a cost a 1,000 predictions: "
            "the size of the catalogue is not known."
        )
    than = "above" if cost.per_1000 > limit else "within"
    split = f" {share(cost.false_positives / cost.total, 0)} of it for {_SPLIT[kind]}." if cost.total else ""
    return (
        f"Errors cost {money(cost.per_1000)} a 1,000 predictions, {than} the limit of {money(limit)} "
        f"({number(known)} {ANSWERS[kind]}, {scene.stretch}).{split}"
    )


def _findings(scene: Scene, counts: Counted, cost: Cost, verdict: Verdict) -> list[Finding]:
    found = [_per_1000(scene, counts, cost, verdict)]
    if isinstance(counts, Errors):
        return found
    found += [
        _finding(
            "fp_rate", "rate", counts.confusion.fp_rate if counts.has_rates else None, counts, "False positive rate"
        ),
        _finding("fn_rate", "rate", counts.confusion.fn_rate, counts, "False negative rate"),
    ]
    if counts.kind == "lists":
        found.append(
            _finding("cost_per_1000_lists", "dollars", cost.per_1000_lists, counts, "Cost per 1,000 lists", verdict)
        )
        if (better := _best_length(scene, counts)) is not None:
            found.append(better)
    return found


def _per_1000(scene: Scene, counts: Counted, cost: Cost, verdict: Verdict) -> Finding:
    settings = scene.settings
    detail: dict[str, Any] = {
        "kind": "cost",
        "reason": {"not_enough": "few", "ok": "small"}.get(verdict.value, "moved"),
        "decides": True,
        "title": "Cost per 1,000 predictions",
        "answers": counts.answers,
        "false_positives": cost.false_positives,
        "false_negatives": cost.false_negatives,
    }
    if isinstance(counts, Errors):
        detail |= {"over": counts.over, "under": counts.under}
        detail["prices"] = {"over": settings.price_over, "under": settings.price_under}
    else:
        matrix = counts.confusion
        detail |= {"tp": matrix.tp, "fp": matrix.fp, "fn": matrix.fn, "tn": matrix.tn, "silent": counts.silent}
        detail["prices"] = {"fp": settings.price_false_positive, "fn": settings.price_false_negative}
        detail |= {"catalogue": counts.catalogue, "understated": counts.understated}
    return Finding(
        signal="cost_per_1000",
        statistic="dollars",
        value=cost.per_1000,
        threshold=settings.cost_limit,
        current_size=counts.answers,
        verdict=verdict,
        detail=detail,
    )


def _finding(
    signal: str,
    statistic: str,
    value: float | None,
    counts: Decisions,
    title: str,
    verdict: Verdict = Verdict.OK,
) -> Finding:
    """A figure without a threshold of its own: it says as much as the cost that it is a part of."""
    return Finding(
        signal=signal,
        statistic=statistic,
        value=value,
        current_size=counts.answers,
        verdict=verdict if value is not None else Verdict.NOT_ENOUGH,
        detail={"kind": "cost", "reason": "part", "decides": False, "title": title},
    )


def _best_length(scene: Scene, counts: Decisions) -> Finding | None:
    """Watch where the cheapest length saves a tenth of what a list costs now."""
    lengths = counts.places.lengths(prices_of(scene.settings)) if counts.places is not None else None
    if counts.places is None or lengths is None:
        return None
    usual = min(counts.places.usual_length, len(lengths.costs) - 1)
    now = float(lengths.costs[usual])
    saving = 1 - lengths.best_cost / now if now else 0.0
    verdict = Verdict.WATCH if saving >= LEAST_SAVING and lengths.best != usual else Verdict.OK
    if counts.answers < scene.settings.minimum_labels:
        verdict = Verdict.NOT_ENOUGH
    return Finding(
        signal="best_length",
        statistic="items",
        value=lengths.best,
        threshold=usual,
        current_size=counts.answers,
        verdict=verdict,
        detail={
            "kind": "cost",
            "reason": "moved" if verdict == Verdict.WATCH else "small",
            "decides": False,
            "title": "Best list length",
            "saving": saving,
            "costs": [float(one) for one in lengths.costs],
        },
    )
