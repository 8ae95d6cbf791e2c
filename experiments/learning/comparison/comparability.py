"""Which runs may be compared on what, and everything that stands in the way, in sentences. Nothing is left unsaid.

Another dataset, relevance rule, set of candidates, scale or definition: the numbers mean different things ("none").
Another test part of the same data, or anything that is not recorded: the figures may stand side by side, but their
difference cannot be told from chance ("figures"). Otherwise: a verdict over users ("verdict"). Cuts of the rated
protocol are part of each run and always comparable (decision D2).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from experiments.learning.comparison.aspects import (
    ABSENT,
    ASPECTS,
    BY_KIND,
    LEVELS,
    LOGGED,
    UNKNOWN,
    Aspect,
    Level,
    RunRecord,
)
from experiments.learning.comparison.estimators import estimator_for
from experiments.learning.comparison.unit_words import unit_of

HIGHEST: Level = "verdict"

__all__ = ["Comparability", "Difference", "Level", "PairComparability", "RunRecord", "comparability"]


@dataclass(frozen=True)
class Difference:
    """One thing that differs between the runs, as a sentence.

    ``runs`` are the keys it is about, ``left`` what remains comparable in spite of it. ``protocol`` is None where it
    concerns every protocol.
    """

    kind: str
    runs: tuple[str, ...]
    left: Level
    text: str
    protocol: str | None = None


@dataclass(frozen=True)
class PairComparability:
    """What two runs can be compared on: a level, and every reason why it is no higher or must be said beside it."""

    level: Level
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Comparability:
    """Answers about a set of runs.

    Attributes:
        records: the runs, in the order given.
        per_user_metric: whether a (protocol, metric) can be compared user by user at all.
        metric_label: how a metric is called in sentences.
    """

    records: tuple[RunRecord, ...]
    per_user_metric: Callable[[str, str], bool]
    metric_label: Callable[[str], str]

    @property
    def protocols(self) -> tuple[str, ...]:
        """Protocols that at least one run has figures under, in order of first appearance."""
        return tuple(
            dict.fromkeys(name for run in self.records for name, metrics in run.definitions.items() if metrics)
        )

    def pair(self, one: str, other: str, protocol: str, metric: str) -> PairComparability:
        """What two runs can be compared on. Raises KeyError for a key that is not among the runs."""
        first, second = self._record(one), self._record(other)
        found = self._about_metric(first, second, protocol, metric)
        if not found:
            found = [
                (difference.left, difference.text)
                for aspect in ASPECTS
                for difference in _differences(aspect, (first, second), protocol)
            ]
            found += [("figures", _no_per_user(run)) for run in (first, second) if not run.per_user]
            if not self.per_user_metric(protocol, metric):
                found.append(
                    ("figures", f"{self.metric_label(metric)} has no value of each {unit_of(protocol)}, so no verdict.")
                )
        level = min((left for left, _ in found), key=LEVELS.index, default=HIGHEST)
        return PairComparability(level, tuple(dict.fromkeys(text for _, text in found)))

    def groups(self, protocol: str, metric: str, level: Level = "verdict") -> tuple[tuple[str, ...], ...]:
        """Runs in groups within which every pair reaches a level; each run joins the first group that takes it."""
        least = LEVELS.index(level)
        groups: list[list[str]] = []
        for run in self.records:
            for group in groups:
                if all(LEVELS.index(self.pair(key, run.key, protocol, metric).level) >= least for key in group):
                    group.append(run.key)
                    break
            else:
                groups.append([run.key])
        return tuple(tuple(group) for group in groups)

    def differences(self, protocol: str | None = None) -> tuple[Difference, ...]:
        """Everything that differs, about one protocol or all; each is told once, against what most runs have."""
        found: list[Difference] = []
        for each in (protocol,) if protocol is not None else self.protocols:
            there = [run for run in self.records if run.has(each)]
            absent = [run for run in self.records if not run.has(each)]
            if each != LOGGED and there:
                found += [_no_protocol(run, each) for run in absent]
            for aspect in ASPECTS:
                found += _differences(aspect, there, each)
            found += self._versions(there, each)
        found += [
            Difference("per-user results", (run.key,), "figures", _no_per_user(run))
            for run in self.records
            if not run.per_user
        ]
        return tuple(dict.fromkeys(found))

    def _versions(self, runs: Sequence[RunRecord], protocol: str) -> list[Difference]:
        """Metrics that runs define in different versions."""
        found = []
        for metric in dict.fromkeys(name for run in runs for name in run.definitions.get(protocol, {})):
            holders = [run for run in runs if metric in run.definitions.get(protocol, {})]
            usual = holders[0].definitions[protocol][metric]
            for run in holders:
                version = run.definitions[protocol][metric]
                if version != usual:
                    text = (
                        f"{run.name} used version {version} of the definition of {self.metric_label(metric)} under the "
                        f"{protocol} protocol, not {usual}: not comparable on it."
                    )
                    found.append(Difference("definition", (run.key,), "none", text, protocol))
        return found

    def _about_metric(self, first: RunRecord, second: RunRecord, protocol: str, metric: str) -> list[tuple[Level, str]]:
        """Why the metric itself is not there, or not the same, in both."""
        mine, theirs = first.definition(protocol, metric), second.definition(protocol, metric)
        shown = self.metric_label(metric)
        missing = [run.name for run, version in ((first, mine), (second, theirs)) if version == ABSENT]
        if missing:
            return [("none", f"{name} has no {shown} under the {protocol} protocol.") for name in missing]
        if UNKNOWN in (mine, theirs) or mine == theirs:
            return []
        versions = f"{second.name} used version {theirs} of the definition of {shown}, {first.name} version {mine}"
        return [("none", f"{versions}: not comparable.")]

    def _record(self, key: str) -> RunRecord:
        for run in self.records:
            if run.key == key:
                return run
        raise KeyError(f"{key!r} is not among the runs.")


def comparability(
    records: Sequence[RunRecord],
    per_user_metric: Callable[[str, str], bool] | None = None,
    metric_label: Callable[[str], str] = str,
) -> Comparability:
    """What these runs can be compared on.

    Args:
        records: any number, keys distinct.
        per_user_metric: says whether a (protocol, metric) can be compared user by user; the built-in metrics that have
            an estimator where None.
        metric_label: how a metric is called in sentences, "NDCG@10" say.

    Raises:
        ValueError: two records have the same key.
    """
    if len({record.key for record in records}) < len(records):
        raise ValueError("A run was given twice; accepted: each run once.")
    return Comparability(tuple(records), per_user_metric or _has_estimator, metric_label)


def _has_estimator(protocol: str, metric: str) -> bool:
    return estimator_for(protocol, metric) is not None


def _differences(aspect: Aspect, runs: Sequence[RunRecord], protocol: str) -> list[Difference]:
    """One difference for each value that is not the most frequent one (the first of equally frequent ones)."""
    return [
        difference
        for alike in _alike(aspect.within, runs, protocol)
        for difference in _differences_among(aspect, alike, protocol)
    ]


def _alike(kinds: Sequence[str], runs: Sequence[RunRecord], protocol: str) -> list[list[RunRecord]]:
    """Runs in groups that are alike, and known to be, in each of these aspects."""
    groups: dict[tuple[Hashable, ...], list[RunRecord]] = {}
    for run in runs:
        groups.setdefault(tuple(BY_KIND[kind].value(run, protocol) for kind in kinds), []).append(run)
    return [group for values, group in groups.items() if UNKNOWN not in values]


def _differences_among(aspect: Aspect, runs: Sequence[RunRecord], protocol: str) -> list[Difference]:
    by_value: dict[Hashable, list[RunRecord]] = {}
    for run in runs:
        by_value.setdefault(aspect.value(run, protocol), []).append(run)
    usual = max((value for value in by_value if value != UNKNOWN), key=lambda value: len(by_value[value]), default=None)
    about = None if aspect.kind in _OF_THE_RUN else protocol
    found = []
    for value, members in by_value.items():
        who, keys = _listed([run.name for run in members]), tuple(run.key for run in members)
        if value == UNKNOWN and aspect.unknown_words and len(runs) > 1:
            found.append(Difference(aspect.kind, keys, "figures", aspect.unknown_words.format(who=who), about))
        elif value not in (UNKNOWN, usual):
            text = aspect.words(who, members[0], by_value[usual][0], protocol)
            found.append(Difference(aspect.kind, keys, aspect.left, text, about))
    return found


_OF_THE_RUN = frozenset({"dataset", "split", "training"})


def _no_protocol(run: RunRecord, protocol: str) -> Difference:
    text = f"{run.name} has no figures under the {protocol} protocol."
    return Difference("protocol", (run.key,), "none", text, protocol)


def _no_per_user(run: RunRecord) -> str:
    why = run.why_no_per_user or (f"it was logged to {run.origin}" if run.origin else "")
    return f"{run.name} has no per-{run.unit} results{f' ({why})' if why else ''}: its figures have no verdict."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
