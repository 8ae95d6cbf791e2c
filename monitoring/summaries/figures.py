"""Plain figures of a summary under the names of the wire, as trackers, snapshots and the API have them."""

from __future__ import annotations

import math

from monitoring.summaries import confidence, distinct, judged, latency
from monitoring.summaries.types import Summary

Figures = dict[str, float]


def traffic(summary: Summary) -> Figures:
    """How much was answered and how. What is not known is left out."""
    counts = summary.get("counts") or {}
    n = counts.get("n", 0)
    times, sure = summary.get("latency"), summary.get("confidence")
    found = {
        "predictions": n,
        "errors": counts.get("errors", 0),
        "labelled": counts.get("labelled", 0),
        "error_rate": counts["errors"] / n if n else None,
        "labelled_share": counts["labelled"] / n if n else None,
        "fallback_share": counts["fallback"] / n if n else None,
        "unique_users": distinct.estimate(summary.get("users") or "").estimate,
        "unique_items": distinct.estimate(summary.get("items") or "").estimate,
        "average_confidence": confidence.mean(sure),
        "median_confidence": confidence.median(sure),
        "latency_mean_ms": latency.mean(times),
        "latency_p50_ms": latency.quantile(times, 0.5),
        "latency_p95_ms": latency.quantile(times, 0.95),
        "latency_p99_ms": latency.quantile(times, 0.99),
    }
    return {name: float(value) for name, value in found.items() if value is not None}


def quality(summary: Summary) -> Figures:
    """How good the judged answers were, by feedback: lists, classes and numbers, each where there are any."""
    return _lists(summary) | _classes(summary) | _numbers(summary)


def _lists(summary: Summary) -> Figures:
    """Means over judged lists; recall, NDCG and F1 over those with a known positive (summaries/judged.py)."""
    sums = judged.whole(summary.get("judged"))
    if not sums:
        return {}
    lists, known = sums["lists"], sums["with_positive"]
    out = {
        "judged_lists": lists,
        "judged_lists_with_positive": known,
        "precision_at_10": sums["precision"] / lists,
        "hit_rate_at_10": sums["with_hit"] / lists,
    }
    if known:
        precision, recall = sums["precision_with_positive"] / known, sums["recall"] / known
        both = precision + recall
        out |= {"recall_at_10": recall, "ndcg_at_10": sums["ndcg"] / known}
        out["f1_at_10"] = 2 * precision * recall / both if both else 0.0
    return {name: float(value) for name, value in out.items()}


def _classes(summary: Summary) -> Figures:
    found = summary.get("classes")
    return {"judged_classes": float(found["n"]), "accuracy": found["right"] / found["n"]} if found else {}


def _numbers(summary: Summary) -> Figures:
    found = summary.get("numbers")
    if not found:
        return {}
    n = found["n"]
    return {
        "judged_numbers": float(n),
        "bias": found["error"] / n,
        "mae": found["absolute"] / n,
        "rmse": math.sqrt(found["squared"] / n),
    }
