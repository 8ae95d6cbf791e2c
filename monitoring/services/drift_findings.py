"""Findings of a check of drift: one a signal and statistic; the one that decides has what a page draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from monitoring.models import Finding, Verdict
from monitoring.services.drift_words import title_of
from monitoring.stats.bins import Bins
from monitoring.stats.types import Ints
from monitoring.stats.verdicts import ACT_FROM, Figure, Judged, Signal

MOST_BARS = 24
"""Bars of a histogram that is kept with a check: neighbouring bins of numbers are joined, rare categories summed up."""
USUAL = {"numeric": "ks", "popularity": "ks", "categorical": "jensen_shannon", "share": "difference"}
"""The statistic under which a signal stands that could not be judged."""


def findings_of(judged: Sequence[Judged], made: Sequence[Signal]) -> list[Finding]:
    """Not saved; ``judged`` and ``made`` in the same order."""
    return [finding for one, signal in zip(judged, made, strict=True) for finding in _of_signal(one, signal)]


def _of_signal(one: Judged, signal: Signal) -> list[Finding]:
    histogram = histograms(signal) | {"title": title_of(one.name), "design_effect": round(signal.design_effect, 3)}
    if one.decided_by is None:
        usual = USUAL[signal.bins.kind]
        return [_finding(one, None, Verdict(one.verdict), decides=True, further=histogram, statistic=usual)]
    found = []
    for figure in one.figures:
        decides = figure is one.decided_by
        verdict = Verdict(one.verdict) if decides else _verdict(one, figure)
        found.append(_finding(one, figure, verdict, decides=decides, further=histogram if decides else {}))
    return found


def _finding(
    one: Judged,
    figure: Figure | None,
    verdict: Verdict,
    *,
    decides: bool,
    further: dict[str, Any],
    statistic: str = "",
) -> Finding:
    detail: dict[str, Any] = {"kind": one.kind, "reason": one.reason, "decides": decides} | further
    if figure is not None:
        detail["bound"] = _finite(figure.bound)
    return Finding(
        signal=one.name[:200],
        statistic=figure.statistic if figure is not None else statistic,
        value=_finite(figure.value) if figure is not None else None,
        threshold=figure.threshold if figure is not None else None,
        p_value=figure.p_value if figure is not None else None,
        adjusted_p=figure.adjusted_p if figure is not None else None,
        reference_size=one.reference_size or None,
        current_size=one.current_size,
        verdict=verdict,
        detail=detail,
    )


def _verdict(one: Judged, figure: Figure) -> Verdict:
    """Of a figure that did not decide."""
    if one.verdict == "not_enough":
        return Verdict.NOT_ENOUGH
    if not figure.moved:
        return Verdict.OK
    return Verdict.ACT if figure.ratio >= ACT_FROM else Verdict.WATCH


def histograms(signal: Signal) -> dict[str, Any]:
    """{"labels", "reference", "current"}: shares in the same bars; empty where one of the samples is."""
    if signal.reference_counts is None or signal.current_counts is None:
        return {}
    one, two = (np.asarray(counts, np.int64) for counts in (signal.reference_counts, signal.current_counts))
    if not one.sum() or not two.sum():
        return {}
    labels, groups = bars(signal.bins, one, two)
    shares = [np.bincount(groups, counts / counts.sum(), len(labels)).round(6).tolist() for counts in (one, two)]
    return {"labels": labels, "reference": shares[0], "current": shares[1]}


def bars(bins: Bins, one: Ints, two: Ints) -> tuple[list[str], Ints]:
    """(labels of the bars, the bar of each bin (b,)). What is empty in both at the ends is left out."""
    if bins.kind == "numeric":
        return _bars_of_numbers(bins)
    if len(bins) <= MOST_BARS:
        return list(bins.labels), np.arange(len(bins))
    weight = np.maximum(one / one.sum(), two / two.sum())[:-2]
    kept = np.sort(np.argsort(-weight, kind="stable")[: MOST_BARS - 3])
    labels = [*(bins.labels[at] for at in kept), "others", *bins.labels[-2:]]
    groups = np.full(len(bins), len(kept), np.int64)
    groups[kept] = np.arange(len(kept))
    groups[-2:] = len(labels) - 2, len(labels) - 1
    return labels, groups


def _bars_of_numbers(bins: Bins) -> tuple[list[str], Ints]:
    """Below, at most 20 bars between the reference's least and greatest value, above, infinite, missing."""
    inner = max(0, len(bins.edges) - 1)
    if inner + 4 <= MOST_BARS:
        return list(bins.labels), np.arange(len(bins))
    joined = np.arange(inner) * (MOST_BARS - 4) // inner
    firsts = np.searchsorted(joined, np.arange(joined[-1] + 2))
    edges = [bins.edges[at] for at in firsts]
    labels = [bins.labels[0], *(f"{a:.4g} to {b:.4g}" for a, b in pairwise(edges))]
    labels += bins.labels[-3:]
    ends = len(labels) - np.arange(3, 0, -1)
    return labels, np.concatenate([[0], joined + 1, ends]).astype(np.int64)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
