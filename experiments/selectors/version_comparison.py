"""Two versions of a model side by side: is the second better, by what, and what was done otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.models import ModelVersion
from experiments.recipes.differences import Change, differences
from experiments.selectors.comparison import Asked, Selection, problems_of, select
from experiments.selectors.comparison_gathered import Gathered, gather
from experiments.selectors.comparison_judged import Verdict, alone_of, verdicts_of
from experiments.selectors.comparison_metrics import Group
from experiments.selectors.comparison_settings import SettingRow, settings_table
from experiments.selectors.comparison_verdict import MetricChoice
from experiments.selectors.gate import headline_of
from experiments.selectors.importance import ImportanceChange, importance_change, importance_distance
from mlopspro.accounts.models import Workspace


@dataclass(frozen=True)
class VersionComparison:
    """``gathered`` is None where fewer than two of the runs are there; ``problems`` says why."""

    selection: Selection
    problems: tuple[str, ...]
    gathered: Gathered | None = None
    metric: MetricChoice | None = None
    changes: tuple[Change, ...] = ()
    importance: tuple[ImportanceChange, ...] = ()
    importance_distance: float | None = None

    def verdicts(self, *, work: bool) -> list[Verdict] | None:
        """None where they are not known yet and ``work`` forbids to work them out (up to a second)."""
        if self.gathered is None or self.metric is None:
            return []
        return verdicts_of(self.gathered, self.metric, only_known=not work)

    @property
    def alone(self) -> list[str]:
        """Why a version cannot be judged, a sentence each."""
        if self.gathered is None or self.metric is None:
            return []
        return [f"{one.name}: {why}" for one, why in alone_of(self.gathered, self.metric)]

    @property
    def groups(self) -> list[Group]:
        return self.gathered.metric_groups() if self.gathered else []

    @property
    def warnings(self) -> Sequence[str]:
        return self.gathered.warnings() if self.gathered else []

    @property
    def settings(self) -> list[tuple[str, tuple[SettingRow, ...]]]:
        """Only what differs."""
        return settings_table(self.selection).shown(differences=True) if self.selection.is_enough else []


def compare_versions(workspace: Workspace, a: ModelVersion, b: ModelVersion) -> VersionComparison:
    """Their runs, as any comparison reads them, with the metric of the gate; and what their manifests say otherwise."""
    asked = Asked((a.experiment_id, b.experiment_id))
    selection = select(workspace, asked, (a.experiment_id,))
    changes = tuple(differences(a.experiment.manifest or {}, b.experiment.manifest or {}))
    leant, distance = tuple(importance_change(a, b)), importance_distance(a, b)
    gathered = gather(workspace, selection) if selection.is_enough else None
    metric = gathered.metric(headline_of(b).key) if gathered else None
    return VersionComparison(selection, tuple(problems_of(selection)), gathered, metric, changes, leant, distance)
