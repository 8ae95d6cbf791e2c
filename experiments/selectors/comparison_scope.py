"""Which of the compared runs may be compared on what, and what stands in the way (see comparability.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from experiments.learning.comparison.comparability import Comparability, Difference, RunRecord, comparability
from experiments.models import Artifact, EvaluationDetail, Experiment
from experiments.selectors.comparison import MetricKey, Selection
from experiments.selectors.comparison_metrics import Values

Protocols = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Of each run by its key, the stored definition of each protocol."""


@dataclass(frozen=True)
class Scope:
    """Answers about the runs of one comparison.

    ``recorded`` knows which runs have per-user results. ``measured`` leaves that aside: it says which figures were
    measured alike, so that their differences mean something.
    """

    recorded: Comparability
    measured: Comparability
    _known: dict[tuple[Any, ...], tuple[frozenset[str], ...]] = field(default_factory=dict)

    def groups(self, metric: MetricKey) -> tuple[frozenset[str], ...]:
        """Groups of runs within which this metric was measured alike; a run of which nothing is like is its own."""
        protocol, name = metric
        same = (protocol, *(record.definition(protocol, name) for record in self.measured.records))
        if same not in self._known:
            self._known[same] = tuple(frozenset(group) for group in self.measured.groups(protocol, name))
        return self._known[same]

    def said_above(self) -> list[Difference]:
        """What rules a comparison out or limits it to figures, the gravest first."""
        found = [difference for difference in self.recorded.differences() if difference.left != "verdict"]
        return sorted(_once(found), key=lambda difference: difference.left != "none")

    def said_beside(self) -> list[Difference]:
        """What differs and hinders nothing."""
        return _once([one for one in self.recorded.differences() if one.left == "verdict"])


def scope_of(selection: Selection, values: Values, protocols: Protocols, evidence: Mapping[str, Artifact]) -> Scope:
    """No query; runs without any figures are left out of it."""
    records = [
        _record(one.run, one.key, one.name, values[one.key], protocols.get(one.key, {}), one.key in evidence)
        for one in selection.runs
        if values[one.key]
    ]
    alike = [replace(record, per_user=True) for record in records]
    return Scope(comparability(records), comparability(alike, lambda protocol, metric: True))


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
