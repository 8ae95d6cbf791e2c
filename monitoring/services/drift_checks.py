"""Judges drift: the windows of the analysed stretch against the active reference of the version that is live.

Windows hold counts in the reference's bins, so a check merges them and costs the same whatever was predicted. What a
window counted against another reference is not compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from monitoring.models import Reference, Verdict
from monitoring.services import drift_words, references
from monitoring.services.drift_findings import findings_of
from monitoring.services.scene import Outcome, Scene
from monitoring.services.window_reads import total
from monitoring.stats.bins import Bins
from monitoring.stats.calibration import calibrate
from monitoring.stats.thresholds import Thresholds
from monitoring.stats.verdicts import Judged, Signal, drift_score
from monitoring.stats.verdicts import judge as judge_signals
from monitoring.summaries import distinct, drift, signals
from monitoring.summaries.weights import LEAST_USERS, Weights, design_effect

Counts = Mapping[str, Mapping[str, int]]
UNCHECKED_SAMPLE = 1 << 60
"""A minimum that no sample has: signals are then shown and none is judged."""


@dataclass(frozen=True)
class Compared:
    """Both samples of a check. ``rows``: predictions that were counted against this reference."""

    reference: Reference
    counts: Counts
    users: int
    there: Weights
    here: Weights

    @property
    def rows(self) -> int:
        return self.counts.get(drift.ROWS, {}).get("0", 0)


def judge(scene: Scene) -> Outcome | None:
    """Of the champion's traffic. Without a version or a reference, or with too little traffic: not enough data."""
    reference = references.active(scene.version) if scene.version is not None else None
    if reference is None:
        return Outcome(Verdict.NOT_ENOUGH, drift_words.not_judged(references.why_none(scene.version)), None)
    found = _compared(scene, reference)
    needed = scene.settings.minimum_sample
    why_not = drift_words.too_little(found, needed, scene.stretch)
    made = signals_of(reference, found)
    policy = _policy(scene, reference)
    judged = judge_signals(made, policy, UNCHECKED_SAMPLE if why_not else needed)
    score = drift_score(judged)
    return Outcome(
        verdict=_verdict(judged, score, scene.settings.drift_threshold),
        sentence=why_not or drift_words.sentence(judged, made, score, found, scene),
        score=score,
        findings=findings_of(judged, made),
        reference=reference,
    )


def signals_of(reference: Reference, found: Compared) -> list[Signal]:
    """Every signal of the reference; one that no window counted has no current counts."""
    return [_signal(name, entry, reference, found) for name, entry in reference.profile["signals"].items()]


def _signal(name: str, entry: dict[str, Any], reference: Reference, found: Compared) -> Signal:
    bins = Bins.from_json(entry["bins"])
    there = np.asarray(entry["counts"], np.int64)
    here = signals.dense(found.counts[name], len(bins)) if name in found.counts else None
    sizes = int(there.sum()), int(here.sum()) if here is not None else 0
    weighed = {"effect": entry.get("effect", 1.0), "half": entry.get("half", False)}
    effect = design_effect(name, found.there, found.here, sizes, **weighed)
    # Training does not say how long lists are asked for; a stretch of live traffic does.
    assumed = name == "list_length" and reference.profile.get("about", {}).get("list_length") == "assumed"
    return Signal(name, entry["kind"], None if assumed else there, here, bins, effect)


def _compared(scene: Scene, reference: Reference) -> Compared:
    summary = total(scene.sources, scene.period, ("drift", "users")).summary
    counts: Counts = (summary.get("drift") or {}).get(reference.pk.hex, {})
    there = Weights.of_reference(reference.profile)
    here = Weights.of_windows(counts, people=there.people)
    return Compared(reference, counts, distinct.estimate(summary.get("users") or "").estimate, there, here)


def _policy(scene: Scene, reference: Reference) -> Thresholds:
    """The model's own thresholds, raised where stretches of the reference differ by more among themselves."""
    entries = reference.profile["signals"]
    bins = {name: Bins.from_json(entry["bins"]) for name, entry in entries.items() if entry.get("chunks")}
    chunks = {name: entries[name]["chunks"] for name in bins}
    return Thresholds(scene.settings.thresholds, calibrate(chunks, bins))


def _verdict(judged: list[Judged], score: float | None, threshold: float) -> Verdict:
    if score is None:
        return Verdict.NOT_ENOUGH
    if score > threshold:
        return Verdict.ACT
    return Verdict.WATCH if any(one.moved for one in judged) else Verdict.OK


__all__ = ["LEAST_USERS", "Compared", "judge", "signals_of"]
