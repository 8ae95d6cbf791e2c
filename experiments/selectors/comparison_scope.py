"""Which of the compared runs may be compared on what, and what stands in the way (see comparability.py)."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from experiments.learning.comparison.aspects import ABSENT, ASPECTS, UNKNOWN
from experiments.learning.comparison.comparability import Comparability, Difference, RunRecord, comparability
from experiments.models import Artifact
from experiments.selectors.comparison import MetricKey, Selection
from experiments.selectors.comparison_metrics import Values
from experiments.services.run_records import Protocols, protocols_of, record_of

__all__ = ["Protocols", "Scope", "protocols_of", "scope_of"]


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
        record_of(one.run, one.key, one.name, values[one.key], protocols.get(one.key, {}), one.key in evidence)
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


def _once(differences: Sequence[Difference]) -> list[Difference]:
    """Each sentence once: the same holds of several protocols."""
    return list({difference.text: difference for difference in differences}.values())
