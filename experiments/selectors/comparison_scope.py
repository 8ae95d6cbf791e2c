"""Which of the compared runs may be compared on what, and what stands in the way (see comparability.py)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from experiments.learning.comparison.aspects import ABSENT, ASPECTS, UNKNOWN
from experiments.learning.comparison.comparability import Comparability, Difference, RunRecord, comparability
from experiments.models import Artifact, EvaluationDetail, Experiment
from experiments.selectors.comparison import MetricKey, Selection
from experiments.selectors.comparison_metrics import Values

Protocols = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Of each run by its key, the stored definition of each protocol."""


@dataclass(frozen=True)
class Scope:
    """Answers about the runs of one comparison that have figures."""

    recorded: Comparability
    _known: dict[MetricKey, tuple[frozenset[str], ...]] = field(default_factory=dict)

    def groups(self, metric: MetricKey) -> tuple[frozenset[str], ...]:
        """Groups of runs within which a metric was measured alike; a run of which nothing is like is its own.

        Per-user results have no part in it: these are the runs whose figures differ by more than how they were made.
        """
        if metric not in self._known:
            found: dict[Any, set[str]] = {}
            for record in self.recorded.records:
                found.setdefault(_signature(record, metric), set()).add(record.key)
            self._known[metric] = tuple(frozenset(group) for group in found.values())
        return self._known[metric]

    def said_above(self) -> list[Difference]:
        """What rules a comparison out or limits it to figures, the gravest first."""
        found = [difference for difference in self._differences if difference.left != "verdict"]
        return sorted(_once(found), key=lambda difference: difference.left != "none")

    def said_beside(self) -> list[Difference]:
        """What differs and hinders nothing."""
        return _once([one for one in self._differences if one.left == "verdict"])

    @cached_property
    def _differences(self) -> tuple[Difference, ...]:
        return self.recorded.differences()


def scope_of(selection: Selection, values: Values, protocols: Protocols, evidence: Mapping[str, Artifact]) -> Scope:
    """No query; runs without any figures are left out of it."""
    records = [
        _record(one.run, one.key, one.name, values[one.key], protocols.get(one.key, {}), one.key in evidence)
        for one in selection.runs
        if values[one.key]
    ]
    return Scope(comparability(records))


def _signature(record: RunRecord, metric: MetricKey) -> Hashable:
    """Equal for runs that reach the level "verdict" but for their files; what is not recorded is like nothing else."""
    protocol, name = metric
    decisive = [aspect for aspect in ASPECTS if aspect.left != "verdict"]
    found = (record.definition(protocol, name), *(aspect.value(record, protocol) for aspect in decisive))
    return record.key if UNKNOWN in found or ABSENT in found else found


def protocols_of(runs: Sequence[Experiment]) -> dict[str, dict[str, dict[str, Any]]]:
    """Of each run, the stored definition of each protocol: one query."""
    rows = EvaluationDetail.objects.filter(experiment__in=[run.pk for run in runs])
    return {str(pk): protocols for pk, protocols in rows.values_list("experiment_id", "protocols")}


def _record(
    run: Experiment,
    key: str,
    name: str,
    metrics: Mapping[MetricKey, Any],
    protocols: Mapping[str, Mapping[str, Any]],
    per_user: bool,
) -> RunRecord:
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
        parts = sorted(protocols)
        found["custom"] = {
            name: "; ".join(str(protocols[part].get(name)) for part in parts)
            for name in ("definition", "relevance", "relevant_from", "candidates", "scale", "ks")
        }
    return found


def _once(differences: Sequence[Difference]) -> list[Difference]:
    """Each sentence once: the same holds of several protocols."""
    return list({difference.text: difference for difference in differences}.values())
