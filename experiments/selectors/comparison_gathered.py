"""Everything stored about the compared runs, read once for the page, the API and the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.models import Artifact, CustomMetric, MetricValue
from experiments.selectors.comparison import MetricKey, Selection
from experiments.selectors.comparison_metrics import Group, metric_groups, values_of
from experiments.selectors.comparison_scope import Scope, protocols_of, scope_of
from experiments.selectors.comparison_seeds import Repeats, repeats_of
from experiments.selectors.comparison_verdict import HEADLINES, MetricChoice, choices_of, evidence_of
from experiments.selectors.comparison_warnings import warnings_of
from mlopspro.accounts.models import Workspace


@dataclass(frozen=True)
class Gathered:
    """A selection with its figures. ``asked_metric`` is what the address wanted to be judged by."""

    selection: Selection
    values: Mapping[str, Mapping[MetricKey, MetricValue]]
    protocols: Mapping[str, Mapping[str, Mapping[str, Any]]]
    evidence: Mapping[str, Artifact]
    repeats: Mapping[str, Repeats]
    scope: Scope
    labels: Mapping[MetricKey, str]
    choices: Sequence[MetricChoice]

    def metric(self, asked: str = "") -> MetricChoice | None:
        """What to judge by: what was asked for where it can be, else the headline; None where nothing can be."""
        found = next((choice for choice in self.choices if choice.key == asked), None)
        return found or self._headline()

    def _headline(self) -> MetricChoice | None:
        """The first headline that two runs have, the reference among them; else whatever two runs have."""
        reference = self.selection.reference
        own = self.values[reference.key] if reference else {}
        with_reference = [choice for choice in self.choices if (choice.protocol, choice.name) in own]
        ordered = [*(c for c in with_reference if c in HEADLINES), *with_reference, *self.choices]
        return ordered[0] if ordered else None

    def metric_groups(self) -> list[Group]:
        reference = self.selection.reference
        definitions = self.protocols.get(reference.key, {}) if reference else {}
        return metric_groups(
            self.selection, self.values, self.scope.groups, self.repeats, definitions, dict(self.labels)
        )

    def warnings(self) -> list[str]:
        return warnings_of(self.selection, self.values, self.scope.groups)


def gather(workspace: Workspace, selection: Selection) -> Gathered:
    """Six queries at most, whatever the number of runs, metrics and repeats."""
    runs = [one.run for one in selection.runs]
    values, protocols, evidence = values_of(runs), protocols_of(runs), evidence_of(runs)
    return Gathered(
        selection=selection,
        values=values,
        protocols=protocols,
        evidence=evidence,
        repeats=repeats_of(workspace, runs),
        scope=scope_of(selection, values, protocols, evidence),
        labels=_labels(workspace, values),
        choices=choices_of(values),
    )


def _labels(workspace: Workspace, values: Mapping[str, Mapping[MetricKey, MetricValue]]) -> dict[MetricKey, str]:
    """What people call the metrics they defined: one query where any run has one."""
    names = {name for metrics in values.values() for protocol, name in metrics if protocol == "custom"}
    if not names:
        return {}
    rows = CustomMetric.objects.filter(workspace=workspace, name__in=names)
    return {("custom", name): label for name, label in rows.values_list("name", "label")}
