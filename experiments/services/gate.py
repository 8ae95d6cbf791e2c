"""The gate: whether a version is better than the one in production, by enough, and inside its recipe's thresholds (D6).

Better means both: the headline metric is better by ``minimum_improvement``, and the paired interval of the difference
over users (or series, products, customers, places) excludes zero. Scores between 0 and 1, where higher is better, are
compared by their difference; errors and everything else with a unit as a share of production's value, so that 0.01 is
one per cent of an RMSE.

Only what was tested on the same rows is compared. Where the candidate learnt from other data, a completed evaluation
of production's run on the candidate's data and split stands in for it; where there is none, the gate says so and names
the evaluation that would settle it. What cannot be judged is never passed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from experiments.learning.comparison.comparability import comparability
from experiments.learning.comparison.estimators import estimator_for
from experiments.learning.comparison.results import Comparison
from experiments.learning.families import ABOUT, Family
from experiments.metric_words import base_and_k, label
from experiments.models import Experiment, JobStatus, MetricValue, ModelVersion, RunType
from experiments.recipes.thresholds import ThresholdResult, judged
from experiments.services.deployments import champion
from experiments.services.gate_words import sentence_of
from experiments.services.popularity import LISTS
from experiments.services.run_records import protocols_of, record_of
from experiments.services.stored_files import Stored
from experiments.services.verdicts import PER_USER, MetricChoice, evidence_of, judge, known

State = Literal["passed", "failed", "first", "in_production", "not_comparable", "not_enough_data", "not_measured"]
CANDIDATE, PRODUCTION = "candidate", "production"
LATEST_EVALUATIONS = 20
_RANKING = frozenset({"precision", "recall", "f1", "ndcg", "map", "mrr", "hit_rate", "coverage", "diversity"})
SCORES = _RANKING | {"auc", "r2", "r2_log", "rank_correlation"}
"""Between 0 and 1, higher is better: compared by difference. Everything else is compared as a share."""


@dataclass(frozen=True)
class EvaluationOffer:
    """The evaluation that would make the two comparable: production's run judged on the candidate's data."""

    evaluates: str
    dataset: str
    split: dict[str, Any]


@dataclass(frozen=True)
class Gate:
    """What the gate found.

    Attributes:
        state: passed and failed are judgements on production's version; first, there is none; the others say why
            nothing could be judged.
        passed: of the whole, thresholds included; None where something that counts is not known.
        headline: protocol.metric; ``label`` is how people read it.
        candidate, production: its value over the units both have, in its own unit.
        difference: candidate - production; ``low`` and ``high`` are its 95 % interval.
        improvement: how much better (above zero), as a share of production's value where ``relative``.
        minimum: the improvement that is asked for.
        units: users, series, products, customers or places both were judged on.
        sentence: all of that for people.
        thresholds: each threshold of the recipe and what the run has there.
        against: number of production's version, and ``against_id`` its id; empty without one.
        judged_run: run whose results counted as production's (its own, or an evaluation).
        offer: the evaluation that is missing, where one would help.
        reasons: why nothing could be judged.
    """

    state: State
    passed: bool | None
    headline: str
    label: str
    minimum: float
    relative: bool
    higher_is_better: bool
    sentence: str = ""
    candidate: float | None = None
    production: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    improvement: float | None = None
    units: int = 0
    thresholds: tuple[ThresholdResult, ...] = ()
    against: str = ""
    against_id: str = ""
    judged_run: str = ""
    offer: EvaluationOffer | None = None
    reasons: tuple[str, ...] = ()

    @property
    def beats(self) -> bool | None:
        """Of the comparison alone: True also where there is nothing to beat, None where it is not known."""
        return {"passed": True, "first": True, "in_production": True, "failed": False}.get(self.state)

    @property
    def failing(self) -> tuple[ThresholdResult, ...]:
        """Thresholds that block: not reached, or not measured."""
        return tuple(one for one in self.thresholds if one.blocks and one.passed is not True)

    def document(self) -> dict[str, Any]:
        """JSON-able, as it is kept with a promotion."""
        return asdict(self)


def gate(version: ModelVersion) -> Gate:
    """Judges a version against production. The first time takes up to a second; after that it comes from the cache."""
    found = _gate(version, only_known=False)
    assert found is not None  # noqa: S101  None only where it was asked for what is known
    return found


def known_gate(version: ModelVersion) -> Gate | None:
    """The same where it needs no computing, None else: for pages that load the rest after themselves."""
    return _gate(version, only_known=True)


def headline_of(version: ModelVersion, live: ModelVersion | None = None) -> MetricChoice:
    """What the gate compares: the model's choice, else the recipe's, else what suits family and data (decision D2).

    Of explicit ratings that is F1@10 of the rated protocol where both versions predict ratings, and NDCG@10 of the
    catalogue protocol where one of them only ranks.
    """
    evaluation = (version.experiment.manifest.get("pipeline") or {}).get("evaluation") or {}
    chosen = version.model.headline or str(evaluation.get("headline") or "")
    if chosen:
        protocol, _, name = chosen.partition(".")
        return MetricChoice(protocol, name)
    about = ABOUT[Family(version.model.family)]
    usual = MetricChoice(about.protocol, about.headline)
    if Family(version.model.family) is not Family.RECOMMENDATION:
        return usual
    runs = {version.experiment_id} | ({live.experiment_id} if live is not None else set())
    rated = MetricValue.objects.filter(
        experiment__in=runs, protocol=usual.protocol, name=usual.name, segment="all", value__isnull=False
    )
    return usual if rated.count() == len(runs) else MetricChoice("catalogue", LISTS)


def is_relative(name: str) -> bool:
    return base_and_k(name)[0] not in SCORES


def _gate(version: ModelVersion, *, only_known: bool) -> Gate | None:
    live = champion(version.model)
    metric = headline_of(version, live)
    estimator = estimator_for(metric.protocol, metric.name)
    values = _values([version.experiment])[str(version.experiment_id)]
    plain = {f"{protocol}.{name}": row.value for (protocol, name), row in values.items()}
    own = values.get((metric.protocol, metric.name))
    basis = Gate(
        state="not_measured",
        passed=None,
        headline=metric.key,
        label=metric.words,
        minimum=version.model.minimum_improvement,
        relative=is_relative(metric.name),
        higher_is_better=estimator.higher_is_better if estimator else own is None or own.higher_is_better,
        candidate=own.value if own is not None else None,
        thresholds=tuple(judged(version.experiment.manifest, plain)),
        against=live.number if live is not None and live.pk != version.pk else "",
        against_id=str(live.pk) if live is not None and live.pk != version.pk else "",
    )
    if live is not None and live.pk == version.pk:
        return _finished(basis, state="in_production")
    if not values:
        return _finished(basis, reasons=("Its run has no metrics.",))
    if live is None:
        return _finished(basis, state="first")
    return _against(basis, version, live, metric, only_known=only_known)


def _against(
    basis: Gate, version: ModelVersion, live: ModelVersion, metric: MetricChoice, *, only_known: bool
) -> Gate | None:
    """The comparison with production's version."""
    rivals = [live.experiment, *_evaluations(live.experiment)]
    rival, reasons = _comparable(version.experiment, rivals, metric)
    if rival is None:
        offer = None
        if live.dataset_sha256 != version.dataset_sha256 or live.split != version.split:
            offer = EvaluationOffer(str(live.experiment_id), str(version.dataset_id), version.split)
        return _finished(basis, state="not_comparable", reasons=reasons, offer=offer)
    evidence: dict[str, Stored] = dict(evidence_of([version.experiment, rival]))
    for one in (version, live):
        if (own := one.files.filter(name=PER_USER).first()) is not None and str(one.experiment_id) in (
            str(version.experiment_id),
            str(rival.pk),
        ):
            evidence[str(one.experiment_id)] = own
    found = (known if only_known else judge)(metric, [version.experiment, rival], evidence)
    if found is None:
        return None
    basis = _with(basis, judged_run=str(rival.pk))
    if found.comparison is None:
        why = (found.problem,) if found.problem else tuple(found.without.values())
        return _finished(basis, state="not_comparable", reasons=why)
    return _measured(basis, found.comparison, str(version.experiment_id), str(rival.pk))


def _measured(basis: Gate, comparison: Comparison, candidate: str, production: str) -> Gate:
    pair = comparison.pair(candidate, production)
    forward = pair.a == production
    mine, theirs = (pair.value_b, pair.value_a) if forward else (pair.value_a, pair.value_b)
    difference, low, high = pair.difference, pair.low, pair.high
    if not forward:
        difference = None if difference is None else -difference
        low, high = (None if high is None else -high), (None if low is None else -low)
    basis = _with(basis, candidate=mine, production=theirs, difference=difference, low=low, high=high, units=pair.users)
    if difference is None or low is None or high is None or theirs is None:
        why = f"{pair.users} in common; at least {pair.minimum_users} are needed."
        return _finished(basis, state="not_enough_data", reasons=(why,))
    better = difference if basis.higher_is_better else -difference
    improvement = _share(better, theirs) if basis.relative else better
    excludes_zero = low > 0 if basis.higher_is_better else high < 0
    # Rounding at the last place of a double must not turn exactly 0.01 into less.
    enough = improvement > basis.minimum or math.isclose(improvement, basis.minimum, rel_tol=1e-9, abs_tol=1e-12)
    state: State = "passed" if enough and excludes_zero and better > 0 else "failed"
    return _finished(_with(basis, improvement=improvement), state=state)


def _share(better: float, production: float) -> float:
    if production == 0:
        return 0.0 if better == 0 else math.copysign(math.inf, better)
    return better / abs(production)


def _finished(basis: Gate, **also: Any) -> Gate:
    found = _with(basis, **also)
    passed = found.beats
    if any(one.passed is False for one in found.failing):
        passed = False
    elif passed and found.failing:
        passed = None
    if found.improvement is not None and not math.isfinite(found.improvement):
        found = _with(found, improvement=None)
    found = _with(found, passed=passed)
    return _with(found, sentence=sentence_of(found))


def _with(gate: Gate, **values: Any) -> Gate:
    return Gate(**{**gate.__dict__, **values})


def _evaluations(run: Experiment) -> list[Experiment]:
    """Completed evaluations of a run's model, the newest first."""
    rows = Experiment.objects.filter(
        evaluates=run, run_type=RunType.EVAL, status=JobStatus.COMPLETED, deleted_at__isnull=True
    )
    return list(rows.select_related("dataset").order_by("-finished_at", "-pk")[:LATEST_EVALUATIONS])


def _comparable(
    candidate: Experiment, rivals: list[Experiment], metric: MetricChoice
) -> tuple[Experiment | None, tuple[str, ...]]:
    """The first rival that was tested on the same rows, and why production's own run was not."""
    runs = [candidate, *rivals]
    values, protocols, evidence = _values(runs), protocols_of(runs), evidence_of(runs)
    first_reasons: tuple[str, ...] = ()
    for rival in rivals:
        records = [
            record_of(run, name, words, values[str(run.pk)], protocols.get(str(run.pk), {}), str(run.pk) in evidence)
            for run, name, words in (
                (rival, PRODUCTION, "The version in production"),
                (candidate, CANDIDATE, "This version"),
            )
        ]
        pair = comparability(records, metric_label=label).pair(PRODUCTION, CANDIDATE, metric.protocol, metric.name)
        if pair.level == "verdict":
            return rival, ()
        first_reasons = first_reasons or pair.reasons
    return None, first_reasons


def _values(runs: list[Experiment]) -> dict[str, Mapping[tuple[str, str], MetricValue]]:
    """Metrics over everything of each run: one query."""
    found: dict[str, dict[tuple[str, str], MetricValue]] = {str(run.pk): {} for run in runs}
    for row in MetricValue.objects.filter(experiment__in=[run.pk for run in runs], segment="all"):
        found[str(row.experiment_id)][row.protocol, row.name] = row
    return dict(found)
