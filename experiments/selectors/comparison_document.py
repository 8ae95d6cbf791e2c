"""A comparison as data: what the page shows, for the API and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.learning.comparison.words import sentence
from experiments.models import MetricValue
from experiments.selectors.comparison import MetricKey, Selection
from experiments.selectors.comparison_gathered import Gathered
from experiments.selectors.comparison_judged import Verdict, alone_of, verdicts_of
from experiments.selectors.comparison_leads import Lead, facing
from experiments.selectors.comparison_metrics import base_group
from experiments.selectors.comparison_verdict import MetricChoice
from mlopspro.core.formats import as_float


def document(gathered: Gathered, metric: MetricChoice | None) -> dict[str, Any]:
    """Everything the page shows, unrounded; works the verdict out where it is not known.

    Keys: runs, reference, metrics, verdict, comparability, warnings, repeats.
    """
    selection = gathered.selection
    return {
        "runs": _runs(selection),
        "reference": selection.reference.key if selection.reference else None,
        "metrics": [_metric(gathered, key) for key in _keys(gathered)],
        "verdict": _verdict(gathered, metric) if metric else None,
        "comparability": [
            {"kind": one.kind, "runs": list(one.runs), "left": one.left, "protocol": one.protocol, "text": one.text}
            for one in (*gathered.scope.said_above(), *gathered.scope.said_beside())
        ],
        "warnings": gathered.warnings(),
        "repeats": _repeats(gathered),
    }


def _runs(selection: Selection) -> list[dict[str, Any]]:
    return [
        {
            "id": one.key,
            "name": one.run.name,
            "status": one.run.status,
            "origin": one.run.origin,
            "architecture": one.run.architecture,
            "dataset": str(one.run.dataset_id) if one.run.dataset_id else None,
            "parameters": one.run.parameters,
            "split": one.run.split,
            "seed": one.run.seed,
        }
        for one in selection.runs
    ]


def _keys(gathered: Gathered) -> list[MetricKey]:
    return [(group.protocol, row.name) for group in gathered.metric_groups() for row in group.rows]


def _metric(gathered: Gathered, key: MetricKey) -> dict[str, Any]:
    rows = {one.key: gathered.values[one.key].get(key) for one in gathered.selection.runs}
    reference = gathered.selection.reference
    base = rows[reference.key] if reference else None
    groups = gathered.scope.groups(key)
    near = base_group(gathered.selection, gathered.values, gathered.scope.groups, key)
    return {
        "protocol": key[0],
        "name": key[1],
        "higher_is_better": next((row.higher_is_better for row in rows.values() if row), True),
        "measured_alike": [sorted(group) for group in groups if len(group) > 1],
        "values": [
            {
                "run": run,
                "value": row.value,
                "change": _change(row, base) if run in near and row is not base else None,
                "random": row.random,
                "popularity": row.popularity,
                "oracle": row.oracle,
                "everything": row.everything,
                "users_counted": row.users_counted,
                "users_left_out": row.users_left_out,
                "definition": row.definition,
                "seeds": _seeds(gathered, run, key),
            }
            for run, row in rows.items()
            if row is not None
        ],
    }


def _change(row: MetricValue, base: MetricValue | None) -> float | None:
    value, other = as_float(row.value), as_float(base.value if base else None)
    return None if value is None or other is None else value - other


def _seeds(gathered: Gathered, key: str, metric: MetricKey) -> dict[str, Any] | None:
    repeats = gathered.repeats.get(gathered.selection.by_key[key].run.settings_hash)
    spread = repeats.spreads.get(metric) if repeats else None
    return {"count": spread.count, "mean": spread.mean, "deviation": spread.deviation} if spread else None


def _repeats(gathered: Gathered) -> list[dict[str, Any]]:
    return [
        {"run": one.key, "count": repeats.count, "runs": [str(pk) for pk in repeats.ids], "seeds": list(repeats.seeds)}
        for one in gathered.selection.runs
        if (repeats := gathered.repeats.get(one.run.settings_hash)) is not None
    ]


def _verdict(gathered: Gathered, metric: MetricChoice) -> dict[str, Any]:
    return {
        "metric": metric.key,
        "groups": [_group(gathered, verdict, metric) for verdict in verdicts_of(gathered, metric) or ()],
        "alone": [{"run": one.key, "why": why} for one, why in alone_of(gathered, metric)],
    }


def _group(gathered: Gathered, verdict: Verdict, metric: MetricChoice) -> dict[str, Any]:
    comparison = verdict.comparison
    return {
        "runs": [one.key for one in verdict.members],
        "headline": verdict.headline,
        "leader": verdict.leader.key if verdict.leader else None,
        "values": [
            {
                "run": one.key,
                "value": value.value,
                "standard_error": value.standard_error,
                "low": value.low,
                "high": value.high,
                "users": value.users,
            }
            for one, value in verdict.values
        ],
        "pairs": [_pair(lead, gathered.selection.names, metric) for lead in verdict.leads],
        "without": [{"run": one.key, "why": why} for one, why in verdict.without],
        "confidence": comparison.confidence if comparison else None,
        "resamples": comparison.resamples if comparison else None,
        "swaps": comparison.swaps if comparison else None,
    }


def _pair(lead: Lead, names: Mapping[str, str], metric: MetricChoice) -> dict[str, Any]:
    """With ``a`` the earlier run; ``difference`` is b's value minus a's."""
    pair = facing(lead.pair, lead.one.key)
    return {
        "a": pair.a,
        "b": pair.b,
        "value_a": pair.value_a,
        "value_b": pair.value_b,
        "difference": pair.difference,
        "low": pair.low,
        "high": pair.high,
        "p_value": pair.p_value,
        "p_limit": pair.p_limit,
        "p_adjusted": pair.p_adjusted,
        "users": pair.users,
        "outcome": pair.outcome,
        "better": pair.better,
        "sentence": sentence(pair, names, metric.words),
    }
