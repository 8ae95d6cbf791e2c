"""Verdicts as a page shows them: a sentence first, then each pair with its interval, then all pairs in a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.learning.comparison.results import Comparison, RunValue
from experiments.learning.comparison.words import Best, best_of, best_sentence, sentence
from experiments.selectors.comparison import Compared, Selection
from experiments.selectors.comparison_gathered import Gathered
from experiments.selectors.comparison_leads import LOOKS, Lead, Line, facing, lines_of
from experiments.selectors.comparison_verdict import Judged, MetricChoice, judge, known


@dataclass(frozen=True)
class Verdict:
    """What can be said of runs that were measured alike.

    ``headline`` is the whole in a sentence. ``matrix`` has a row a run: (run, leads over each of the others in their
    order, None for itself); it is empty for two runs, which ``lines`` says already.
    """

    members: tuple[Compared, ...]
    headline: str
    tone: str
    icon: str
    leader: Compared | None = None
    lines: tuple[Line, ...] = ()
    matrix: tuple[tuple[Compared, tuple[Lead | None, ...]], ...] = ()
    values: tuple[tuple[Compared, RunValue], ...] = ()
    without: tuple[tuple[Compared, str], ...] = ()
    comparison: Comparison | None = None

    @property
    def leads(self) -> list[Lead]:
        """Every pair once, in the order of the runs."""
        return [lead for number, (_, row) in enumerate(self.matrix_or_pair) for lead in row[number + 1 :] if lead]

    @property
    def matrix_or_pair(self) -> tuple[tuple[Compared, tuple[Lead | None, ...]], ...]:
        return self.matrix or (_matrix(self.compared, self.comparison) if self.comparison else ())

    @property
    def compared(self) -> tuple[Compared, ...]:
        return tuple(one for one, _ in self.values)


def verdicts_of(gathered: Gathered, metric: MetricChoice, *, only_known: bool = False) -> list[Verdict] | None:
    """A verdict for each group of runs that were measured alike, the reference's first.

    Reads files and computes where that was not done before; with ``only_known`` it answers None instead.
    """
    selection = gathered.selection
    found = []
    for group in _groups(gathered, metric):
        runs = [one.run for one in group]
        judged = (known if only_known else judge)(metric, runs, gathered.evidence)
        if judged is None:
            return None
        found.append(_verdict(selection, group, judged, metric))
    return found


def alone_of(gathered: Gathered, metric: MetricChoice) -> list[tuple[Compared, str]]:
    """Runs that nothing else can be compared with under this metric, each with the reason."""
    grouped = {one.key for group in _groups(gathered, metric) for one in group}
    return [(one, _why_alone(gathered, one, metric)) for one in gathered.selection.runs if one.key not in grouped]


def _why_alone(gathered: Gathered, one: Compared, metric: MetricChoice) -> str:
    if (metric.protocol, metric.name) in gathered.values[one.key]:
        return "It was not measured as the others were; see above."
    if one.run.is_active:
        return "It has not ended yet; its metrics come with its evaluation."
    if not gathered.values[one.key]:
        return "It ended without metrics."
    return f"It has no {metric.words}."


def _groups(gathered: Gathered, metric: MetricChoice) -> list[list[Compared]]:
    """Groups of two or more that have the metric, the reference's first."""
    key = (metric.protocol, metric.name)
    groups = []
    for names in gathered.scope.groups(key):
        members = [one for one in gathered.selection.runs if one.key in names and key in gathered.values[one.key]]
        if len(members) > 1:
            groups.append(members)
    return sorted(groups, key=lambda group: not any(one.is_reference for one in group))


def _verdict(selection: Selection, group: Sequence[Compared], judged: Judged, metric: MetricChoice) -> Verdict:
    members, without = tuple(group), tuple((selection.by_key[key], why) for key, why in judged.without.items())
    comparison = judged.comparison
    if comparison is None:
        return Verdict(members, _no_verdict(members, judged), "neutral", "circle-question-mark", without=without)
    best = best_of(comparison)
    values = {run.key: run for run in comparison.runs}
    compared = tuple(one for one in selection.runs if one.key in values)
    leader = selection.by_key[best.leader] if best.leader else None
    lines = _lines(selection, compared, comparison, leader, metric)
    single = len(lines) == 1
    tone, icon = _look(best, single=single, lines=lines)
    return Verdict(
        members=members,
        headline=lines[0].sentence if single else best_sentence(comparison, selection.names, metric.words),
        tone=tone,
        icon=icon,
        leader=leader,
        lines=lines,
        matrix=() if single else _matrix(compared, comparison),
        values=tuple((one, values[one.key]) for one in compared),
        without=without,
        comparison=comparison,
    )


def _no_verdict(members: Sequence[Compared], judged: Judged) -> str:
    who = " and ".join(one.name for one in members) if len(members) == 2 else f"these {len(members)} runs"
    why = judged.problem or "fewer than two of them have results user by user"
    for one in members:
        why = why.replace(one.key, one.name)
    return f"There is no verdict on {who}: {why.rstrip('.')}."


def _look(best: Best, *, single: bool, lines: Sequence[Line]) -> tuple[str, str]:
    if single and lines:
        standing = lines[0].lead.standing
        return ("good", "trophy") if standing in ("better", "worse") else LOOKS[standing][1:]
    if best.leader is None:
        return LOOKS["not_enough_data"][1:]
    return ("good", "trophy") if best.behind and not best.undecided else LOOKS["no_difference_shown"][1:]


def _lines(
    selection: Selection,
    compared: Sequence[Compared],
    comparison: Comparison,
    leader: Compared | None,
    metric: MetricChoice,
) -> tuple[Line, ...]:
    """Each other run against the one in front, or against the first where none is."""
    front = leader or compared[0]
    leads = []
    for other in compared:
        if other is front:
            continue
        pair = comparison.pair(front.key, other.key)
        first = min(front, other, key=selection.runs.index)
        leads.append((Lead(front, other, pair), sentence(facing(pair, first.key), selection.names, metric.words)))
    return lines_of(leads)


def _matrix(
    members: Sequence[Compared], comparison: Comparison
) -> tuple[tuple[Compared, tuple[Lead | None, ...]], ...]:
    return tuple(
        (
            one,
            tuple(None if one is other else Lead(one, other, comparison.pair(one.key, other.key)) for other in members),
        )
        for one in members
    )
