"""Which run is really better: per-user results of stored runs, compared pair by pair.

A comparison is worked out once: the results of completed runs never change, so it is kept in the cache under the
digests of the files it was made from. Working it out needs NumPy and SciPy and takes up to a second; pages load it as
a fragment of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.cache import cache

from experiments.learning.comparison.errors import CannotCompare, NoPerUserResults
from experiments.learning.comparison.estimators import estimator_for
from experiments.learning.comparison.results import Comparison, PairVerdict, RunScores, RunValue
from experiments.learning.comparison.unit_words import UNITS, unit_of
from experiments.learning.families import ABOUT, Family
from experiments.metric_words import label, protocol_label
from experiments.models import Artifact, Experiment, JobStatus
from experiments.services.run_records import protocols_of
from experiments.services.stored_files import FileMissing, Stored, file_of

PER_USER = "per_user.parquet"
STATISTIC_VERSION = 1
"""Rises when the same files would give other figures; part of every cache key."""
KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True)
class MetricChoice:
    """A metric that can be compared per user."""

    protocol: str
    name: str

    @property
    def key(self) -> str:
        """As addresses and commands write it: catalogue.ndcg_at_10."""
        return f"{self.protocol}.{self.name}"

    @property
    def label(self) -> str:
        return label(self.name)

    @property
    def words(self) -> str:
        """With its protocol: "NDCG@10 (catalogue)"."""
        return f"{self.label} ({protocol_label(self.protocol).lower()})"


@dataclass(frozen=True)
class Judged:
    """What is known of one group of comparable runs under one metric.

    ``comparison`` is None where fewer than two runs have per-user results, or where ``problem`` says why they cannot be
    compared; ``without`` holds the runs that have none, each with the reason in words.
    """

    comparison: Comparison | None
    without: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""


def evidence_of(runs: Sequence[Experiment]) -> dict[str, Artifact]:
    """The file with per-user results of each run that has one, by the run's key: one query."""
    rows = Artifact.objects.filter(experiment__in=[run.pk for run in runs], name=PER_USER)
    return {str(row.experiment_id): row for row in rows}


def known(metric: MetricChoice, runs: Sequence[Experiment], evidence: Mapping[str, Stored]) -> Judged | None:
    """What was worked out before, None where nothing was. One question to the cache."""
    files, without = _sorted_out(runs, evidence)
    if len(files) < 2:
        return Judged(None, without)
    comparison = _restored(cache.get(_cache_key(metric, files)))
    return Judged(comparison, without) if comparison is not None else None


def judge(metric: MetricChoice, runs: Sequence[Experiment], evidence: Mapping[str, Stored]) -> Judged:
    """The comparison of runs that are comparable under this metric, from the cache or worked out now.

    The order of the runs does not matter.
    """
    found = known(metric, runs, evidence)
    if found is not None:
        return found
    from experiments.learning.comparison.verdict import compare  # SciPy, which nothing else on a page needs

    files, without = _sorted_out(runs, evidence)
    scores, unreadable = _read(metric, files)
    without |= unreadable
    if len(scores) < 2:
        return Judged(None, without)
    try:
        comparison = compare(scores, metric.name, metric.protocol, unit=_unit(metric.protocol, runs))
    except CannotCompare as error:
        return Judged(None, without, str(error))
    if not unreadable:
        cache.set(_cache_key(metric, files), asdict(comparison), KEPT_SECONDS)
    return Judged(comparison, without)


def _unit(protocol: str, runs: Sequence[Experiment]) -> str:
    """What one unit of these runs is called where their tables say so (a week of a single series); else "" ."""
    if protocol not in UNITS:
        return ""
    said = {str(stored.get(protocol, {}).get("unit", "")) for stored in protocols_of(runs).values()}
    return said.pop() if len(said) == 1 else ""


def _sorted_out(runs: Sequence[Experiment], evidence: Mapping[str, Stored]) -> tuple[dict[str, Stored], dict[str, str]]:
    """Files by run, in the order of the ids; and why other runs have none."""
    files, without = {}, {}
    for run in sorted(runs, key=lambda one: one.pk):
        key = str(run.pk)
        if key in evidence and run.status == JobStatus.COMPLETED:
            files[key] = evidence[key]
        else:
            without[key] = _why_none(run)
    return files, without


def _why_none(run: Experiment) -> str:
    results = f"per-{unit_of(ABOUT[Family(run.family)].protocol)} results"
    if run.is_logged:
        return f"It was logged elsewhere: there are no {results}."
    if run.is_active:
        return f"It has not ended yet; its {results} come with its evaluation."
    if run.status != JobStatus.COMPLETED:
        return f"It ended before its evaluation, so there are no {results}."
    return f"It was completed without {results}."


def _read(metric: MetricChoice, files: Mapping[str, Stored]) -> tuple[list[RunScores], dict[str, str]]:
    from experiments.learning.comparison import per_user  # PyArrow

    estimator = estimator_for(metric.protocol, metric.name)
    scores, unreadable = [], {}
    for key, artifact in files.items():
        try:
            found = per_user.read(file_of(artifact), metric.protocol, columns=estimator.columns if estimator else ())
        except (FileMissing, NoPerUserResults, CannotCompare) as error:
            unreadable[key] = str(error)
        else:
            scores.append(RunScores(key, found))
    return scores, unreadable


def _cache_key(metric: MetricChoice, files: Mapping[str, Stored]) -> str:
    made_of = "\n".join([metric.key, *(f"{key} {artifact.sha256}" for key, artifact in files.items())])
    return f"verdict:{STATISTIC_VERSION}:{hashlib.sha256(made_of.encode()).hexdigest()}"


def _restored(kept: Any) -> Comparison | None:
    """From what the cache held; None where that is nothing, or was written by another version."""
    try:
        runs = tuple(RunValue(**one) for one in kept["runs"])
        pairs = tuple(PairVerdict(**one) for one in kept["pairs"])
        return Comparison(**{**kept, "runs": runs, "pairs": pairs})
    except (TypeError, KeyError):
        return None
