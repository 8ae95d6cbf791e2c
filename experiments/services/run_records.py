"""How runs were measured, as the records that comparability is judged on (learning/comparison/comparability.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from experiments.learning.comparison.comparability import RunRecord
from experiments.learning.search.measures import VALIDATION
from experiments.models import EvaluationDetail, Experiment, MetricValue

Protocols = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Of each run by its key, the stored definition of each protocol."""


def protocols_of(runs: Sequence[Experiment]) -> dict[str, dict[str, dict[str, Any]]]:
    """Of each run, the stored definition of each protocol: one query."""
    rows = EvaluationDetail.objects.filter(experiment__in=[run.pk for run in runs])
    return {str(pk): protocols for pk, protocols in rows.values_list("experiment_id", "protocols")}


def record_of(
    run: Experiment,
    key: str,
    name: str,
    metrics: Mapping[tuple[str, str], MetricValue],
    protocols: Mapping[str, Mapping[str, Any]],
    per_user: bool,
) -> RunRecord:
    """No query where the run's dataset is at hand.

    Args:
        key, name: by which the comparison's answers call the run.
        metrics: by (protocol, name), over all users.
        protocols: stored definition of each protocol.
        per_user: whether it has per-user results.
    """
    definitions: dict[str, dict[str, str]] = {}
    for (protocol, metric), row in metrics.items():
        definitions.setdefault(protocol, {})[metric] = row.definition
    return RunRecord(
        key=key,
        name=name,
        dataset_sha256=run.dataset.sha256 if run.dataset else None,
        dataset_name=run.dataset.name if run.dataset else "",
        dataset_id=str(run.dataset_id or ""),
        split=run.split,
        protocols=_with_custom(protocols, definitions),
        definitions=definitions,
        per_user=per_user,
        why_no_per_user="" if per_user or run.is_logged else "it was completed without them",
        origin=run.get_origin_display().removeprefix("Logged to ") if run.is_logged else "",
    )


def _with_custom(
    protocols: Mapping[str, Mapping[str, Any]], definitions: Mapping[str, Any]
) -> dict[str, Mapping[str, Any]]:
    """Custom metrics are made of the figures of all protocols, so they are measured alike where these are."""
    found = dict(protocols)
    if "custom" in definitions and protocols:
        parts = sorted(set(protocols) - {VALIDATION})
        found["custom"] = {
            name: "; ".join(str(protocols[part].get(name)) for part in parts)
            for name in ("definition", "relevance", "relevant_from", "candidates", "scale", "ks")
        }
    return found
