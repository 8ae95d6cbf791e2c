"""Every metric of the compared runs side by side: best cells, changes from the reference, deviation over seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from experiments.metric_words import TICKS, definition, has_direction, label, protocol_definition, protocol_label
from experiments.models import Experiment, MetricValue
from experiments.selectors.comparison import MetricKey, Selection
from experiments.selectors.comparison_seeds import Repeats, Spread
from mlopspro.core import formats

ORDER = ("rated", "catalogue", "pointwise", "forecast", "demand", "action", "spatial", "custom", "logged")
FIRST = ("precision", "recall", "f1", "ndcg", "mase", "rmse_log", "log_loss", "rmse", "mae")

Values = Mapping[str, Mapping[MetricKey, MetricValue]]
"""Of each run by its key, its metrics over all users by (protocol, name)."""
Groups = Callable[[MetricKey], Sequence[frozenset[str]]]
"""Of a metric, the groups of runs (keys) in which it was measured alike."""


@dataclass(frozen=True)
class Cell:
    """One run's figure. ``apart``: it was not measured as the others were, so it only stands beside them."""

    text: str
    full: str = ""
    best: bool = False
    change: formats.Change | None = None
    spread: Spread | None = None
    spread_text: str = ""
    apart: bool = False


@dataclass(frozen=True)
class Row:
    label: str
    name: str
    definition: str
    higher_is_better: bool
    cells: tuple[Cell, ...]
    lines: tuple[str, ...]
    """Reference lines as texts, in the order of the group's ``line_names``."""
    differs: bool


@dataclass(frozen=True)
class Group:
    """All metrics of one protocol."""

    protocol: str
    definition: str
    line_names: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def label(self) -> str:
        return protocol_label(self.protocol)

    @property
    def differing(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.differs)

    @property
    def blank(self) -> int:
        """Columns of reference lines that this protocol leaves empty."""
        return len(TICKS) - len(self.line_names)


def values_of(runs: Sequence[Experiment]) -> dict[str, dict[MetricKey, MetricValue]]:
    """Metrics over all users of each run: one query."""
    found: dict[str, dict[MetricKey, MetricValue]] = {str(run.pk): {} for run in runs}
    for row in MetricValue.objects.filter(experiment__in=[run.pk for run in runs], segment="all").order_by():
        found[str(row.experiment_id)][row.protocol, row.name] = row
    return found


def metric_groups(
    selection: Selection,
    values: Values,
    groups: Groups,
    repeats: Mapping[str, Repeats],
    definitions: Mapping[str, Mapping[str, object]],
    labels: Mapping[MetricKey, str] | None = None,
) -> list[Group]:
    """One group a protocol, one row a metric that any run has; no query.

    Args:
        definitions: stored definition of each protocol, of the reference.
        labels: of metrics that people named themselves.
    """
    keys = sorted({key for metrics in values.values() for key in metrics}, key=place_of)
    found = []
    for protocol in dict.fromkeys(key[0] for key in keys):
        own = [key for key in keys if key[0] == protocol]
        lines = _line_names(selection, values, groups, own)
        rows = [_row(selection, values, groups, repeats, key, lines, labels or {}) for key in own]
        words = protocol_definition(protocol, dict(definitions.get(protocol, {})))
        found.append(Group(protocol, "" if words == protocol else words, lines, tuple(rows)))
    return found


def base_group(selection: Selection, values: Values, groups: Groups, key: MetricKey) -> frozenset[str]:
    """Runs that a metric may be read across: measured as the reference was, or, where it has none, most runs alike."""
    there = [frozenset(run for run in group if key in values[run]) for group in groups(key)]
    reference = selection.reference
    own = [group for group in there if reference and reference.key in group]
    return own[0] if own else max(there, key=len, default=frozenset())


def place_of(key: MetricKey) -> tuple[int, int, int, str]:
    """Order of metrics: by protocol, list length, and then precision, recall, F1 and NDCG first."""
    protocol, name = key
    order = ORDER.index(protocol) if protocol in ORDER else len(ORDER)
    base, _, k = name.rpartition("_at_")
    place = next((i for i, start in enumerate(FIRST) if name.startswith(start)), len(FIRST))
    return order, int(k) if base and k.isdecimal() else 0, place, name


def _line_names(selection: Selection, values: Values, groups: Groups, keys: Iterable[MetricKey]) -> tuple[str, ...]:
    rows = [row for key in keys if (row := lines_from(selection, values, groups, key)) is not None]
    return tuple(name for name in TICKS if any(getattr(row, name) is not None for row in rows))


def lines_from(selection: Selection, values: Values, groups: Groups, key: MetricKey) -> MetricValue | None:
    """The row whose reference lines hold for the base group: the reference's, or that of the first run there."""
    base = base_group(selection, values, groups, key)
    runs = sorted((one for one in selection.runs if one.key in base), key=lambda one: not one.is_reference)
    return values[runs[0].key][key] if runs else None


def _row(
    selection: Selection,
    values: Values,
    groups: Groups,
    repeats: Mapping[str, Repeats],
    key: MetricKey,
    lines: Sequence[str],
    labels: Mapping[MetricKey, str],
) -> Row:
    rows = {one.key: values[one.key].get(key) for one in selection.runs}
    known = {run: row.value for run, row in rows.items() if row is not None and row.value is not None}
    higher = next((row.higher_is_better for row in rows.values() if row is not None), True)
    reference = selection.reference
    base = known.get(reference.key) if reference else None
    near = base_group(selection, values, groups, key)
    directed = has_direction(key[1]) or key[0] in ("custom", "logged")
    best = {run for group in groups(key) for run in _best(known, group, higher=higher)} if directed else set()
    cells = []
    for one in selection.runs:
        row, value = rows[one.key], known.get(one.key)
        change = None
        if value is not None and base is not None and one.key in near and not one.is_reference:
            change = formats.change(value - base, _better(higher=higher, directed=directed))
        spread = repeats[one.run.settings_hash].spreads.get(key) if one.run.settings_hash in repeats else None
        cells.append(
            Cell(
                text=formats.metric(value),
                full=_full(row),
                best=one.key in best,
                change=change,
                spread=spread,
                spread_text=_written(spread) if spread else "",
                apart=value is not None and one.key not in near and len(selection.runs) > 1,
            )
        )
    against = lines_from(selection, values, groups, key)
    return Row(
        label=labels.get(key) or (key[1] if key[0] == "logged" else label(key[1])),
        name=key[1],
        definition=definition(key[1], key[0]),
        higher_is_better=higher,
        cells=tuple(cells),
        lines=tuple(formats.metric(getattr(against, name, None)) for name in lines),
        differs=len({known.get(one.key) for one in selection.runs}) > 1,
    )


def _better(*, higher: bool, directed: bool) -> formats.Better:
    if not directed:
        return "neither"
    return "higher" if higher else "lower"


def _written(spread: Spread) -> str:
    """0.955 ± 0.0004, with as many decimals as the deviation needs."""
    if spread.deviation <= 0:
        return f"{formats.metric(spread.mean)} ± 0"
    plain = len(formats.metric(spread.mean).partition(".")[2])
    decimals = min(9, max(plain, -math.floor(math.log10(spread.deviation))))
    return f"{formats.number(spread.mean, decimals)} ± {formats.number(spread.deviation, decimals)}"


def _best(known: Mapping[str, float], group: frozenset[str], *, higher: bool) -> set[str]:
    """The best runs of a group of which two or more have the metric; none where all are equal."""
    shown = {run: value for run, value in known.items() if run in group}
    if len(set(shown.values())) < 2:
        return set()
    top = max(shown.values()) if higher else min(shown.values())
    return {run for run, value in shown.items() if value == top}


def _full(row: MetricValue | None) -> str:
    """Full precision and over how many users, for whoever points at the cell."""
    if row is None or row.value is None:
        return ""
    users = f", {formats.number(row.users_counted)} users" if row.users_counted else ""
    return f"{row.value!r}{users}"
