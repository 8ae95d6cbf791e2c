"""What a dataset lacks for what is asked of it, said before the launch and not by a failed run."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.learning import architectures
from experiments.learning.architectures import AnyArchitecture
from experiments.learning.families import ABOUT, Family
from experiments.learning.recommenders.base import Architecture
from experiments.learning.tabular.base import Roles
from experiments.learning.tabular.splits import METHODS_OF, methods_for
from experiments.models import Dataset, RunType
from experiments.services.spec import BACKTEST_METHOD, INTERACTION_METHODS, Problem, SplitChoice

FIRST_USEFUL_ROWS = 10
DEFAULT_ARCHITECTURE = "hybrid"


def usual_architecture(family: Family) -> str:
    """What is trained where nobody says: hybrid for interactions, of tables the first that is no baseline."""
    if family is Family.RECOMMENDATION:
        return DEFAULT_ARCHITECTURE
    known = architectures.ARCHITECTURES_OF[family]
    return next((key for key, found in known.items() if found.model_type != "baseline"), next(iter(known), ""))


def misfits(
    dataset: Dataset, architecture: AnyArchitecture, split: SplitChoice, roles: Roles | None, run_type: RunType
) -> list[Problem]:
    """Every reason why this cannot be run; ``roles`` of tables."""
    found = list(_of_family(dataset, architecture))
    if found:
        return found
    if isinstance(architecture, Architecture):
        found += _of_feedback(dataset, architecture)
        found += _of_times(dataset, architecture)
        found += _of_split(dataset, split, run_type)
    elif roles is not None:
        found += _of_roles(dataset, roles)
        found += _of_table_split(dataset, split, roles, run_type)
    if dataset.num_interactions < FIRST_USEFUL_ROWS:
        rows = "rows" if dataset.is_table else "interactions"
        found.append(
            Problem(
                "dataset",
                f"{dataset.name} has {dataset.num_interactions} {rows}; at least {FIRST_USEFUL_ROWS} are needed to "
                "split it",
            )
        )
    return found


def _of_family(dataset: Dataset, architecture: AnyArchitecture) -> Iterable[Problem]:
    theirs, ours = architectures.family_of(architecture.key), Family(dataset.family)
    if theirs is not ours:
        accepted = ", ".join(architectures.ARCHITECTURES_OF[ours])
        yield Problem(
            "architecture",
            f"{architecture.label} learns from data of {theirs.label.lower()}; {dataset.name} is of "
            f"{ours.label.lower()}. Accepted: {accepted}",
        )


def _of_feedback(dataset: Dataset, architecture: Architecture) -> Iterable[Problem]:
    if dataset.feedback not in architecture.feedback:
        yield Problem(
            "architecture",
            f"{architecture.label} learns from {' or '.join(architecture.feedback)} data; "
            f"{dataset.name} is {dataset.feedback}",
        )


def _of_times(dataset: Dataset, architecture: Architecture) -> Iterable[Problem]:
    if architecture.needs_timestamps and not dataset.has_timestamps:
        yield Problem(
            "architecture",
            f"{architecture.label} learns from the order of events; {dataset.name} has no timestamps",
        )


def _of_split(dataset: Dataset, split: SplitChoice, run_type: RunType) -> Iterable[Problem]:
    timed = ("time", "leave_last_out")
    if run_type == RunType.BACKTEST:
        if split.method != BACKTEST_METHOD:
            yield Problem("split.method", f"a backtest rolls its origin through time; accepted: {BACKTEST_METHOD}")
        elif not dataset.has_timestamps:
            yield Problem("split.method", f"{dataset.name} has no timestamps, so there is no backtest")
    elif split.method not in INTERACTION_METHODS:
        yield Problem(
            "split.method",
            f"{split.method} is not for interactions; accepted: {', '.join(INTERACTION_METHODS)}",
        )
    elif split.method in timed and not dataset.has_timestamps:
        yield Problem("split.method", f"{dataset.name} has no timestamps; accepted: random")
    elif split.method == "given" and not dataset.has_given_split:
        yield Problem(
            "split.method",
            f"{dataset.name} came without a split of its own; accepted: random, time, leave_last_out",
        )


def _of_roles(dataset: Dataset, roles: Roles) -> Iterable[Problem]:
    """Roles that the family needs and nobody gave, and columns that the table does not have."""
    family = Family(dataset.family)
    for role in ABOUT[family].roles:
        if role.required and not getattr(roles, role.name):
            yield Problem(f"roles.{role.name}", f"{family.label} needs it: {role.description}")
    known = [str(column["name"]) for column in dataset.columns]
    for column in roles.columns():
        if column not in known:
            shown = ", ".join(known[:20]) + (" …" if len(known) > 20 else "")
            yield Problem("roles", f"{dataset.name} has no column {column!r}; it has {shown}")


def _of_table_split(dataset: Dataset, split: SplitChoice, roles: Roles, run_type: RunType) -> Iterable[Problem]:
    family = Family(dataset.family)
    accepted = methods_for(family, roles)
    if run_type == RunType.BACKTEST:
        if BACKTEST_METHOD not in accepted:
            why = "has no column with the role time" if BACKTEST_METHOD in METHODS_OF[family] else "has no time"
            yield Problem("split.method", f"{dataset.name} ({family.label.lower()}) {why}, so there is no backtest")
        elif split.method != BACKTEST_METHOD:
            yield Problem("split.method", f"a backtest rolls its origin through time; accepted: {BACKTEST_METHOD}")
    elif split.method not in accepted:
        yield Problem(
            "split.method",
            f"{split.method} is not for {dataset.name} ({family.label.lower()}); accepted: "
            f"{', '.join(accepted) or 'a column with the role time'}",
        )
