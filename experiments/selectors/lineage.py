"""What something was made of and what was made of it: data, recipe version, configuration, run, version, deployment.

The same picture from any of them (F200). ``lineage_of`` finds it, ``experiments.lineage_drawing`` gives it places.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from experiments.models import Dataset, Deployment, Experiment, ModelVersion, Recipe, RecipeVersion
from experiments.selectors.lineage_nodes import KINDS, Node, graph_of
from experiments.selectors.lineage_rows import COUNTED, MOST, Rows, Start, rows_around
from mlopspro.accounts.models import Workspace
from mlopspro.core.formats import number


@dataclass(frozen=True)
class Column:
    kind: str
    nodes: tuple[Node, ...]
    total: int

    @property
    def label(self) -> str:
        return KINDS[self.kind][0]

    @property
    def more(self) -> int:
        return max(0, self.total - len(self.nodes))

    @property
    def more_words(self) -> str:
        at_least = "at least " if self.total >= COUNTED else ""
        return f"and {at_least}{number(self.more)} more" if self.more else ""


@dataclass(frozen=True)
class Lineage:
    """Columns from data to deployment, those without a node left out, and edges as (from, to) of node keys."""

    start: Start
    columns: tuple[Column, ...]
    edges: tuple[tuple[str, str], ...]
    runs: tuple[Experiment, ...]
    versions: tuple[ModelVersion, ...]
    live: tuple[Deployment, ...]
    totals: dict[str, int]

    @property
    def nodes(self) -> dict[str, Node]:
        return {node.key: node for column in self.columns for node in column.nodes}

    @property
    def is_alone(self) -> bool:
        """Nothing is known to have made it or to have come of it."""
        return len(self.nodes) < 2

    @property
    def impact(self) -> str:
        """What depends on it, in a sentence."""
        parts = [_counted(self.totals[kind], words) for kind, words in _impact_words(self.start)]
        parts = [part for part in parts if part]
        if not parts:
            return "Nothing depends on it."
        first = " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
        alone = len(parts) == 1 and parts[0].startswith("1 ")
        live = ", ".join(f"{one.model} {one.version.number}" for one in self.live if one.role == "champion")
        return f"{first} depend{'s' if alone else ''} on it." + (f" Live now: {live}." if live else " None is live.")


def lineage_of(workspace: Workspace, start: Start) -> Lineage:
    """Everything around one thing, at most MOST of each kind: a bounded number of queries whatever hangs on it."""
    rows = rows_around(workspace, start)
    graph = graph_of(rows)
    nodes, edges = graph.nodes, list(graph.edges)
    focus = _focus(rows)
    up, down = _reach(focus, [(b, a) for a, b in edges]), _reach(focus, edges)
    related = {key: _relation(key, focus, up, down) for key in nodes}
    titles = {key: node.title for key, node in nodes.items()}
    kept: dict[str, list[Node]] = {kind: [] for kind in KINDS}
    for key, node in nodes.items():
        before = tuple(titles[a] for a, b in edges if b == key)
        after = tuple(titles[b] for a, b in edges if a == key)
        kept[node.kind].append(replace(node, relation=related[key], made_from=before, leads_to=after))
    columns = [
        Column(kind, tuple(found[:MOST]), max(rows.totals.get(kind, 0), len(found)))
        for kind, found in kept.items()
        if found
    ]
    shown = {node.key for column in columns for node in column.nodes}
    drawn = tuple((a, b) for a, b in edges if a in shown and b in shown)
    return Lineage(
        start, _in_order(columns, drawn), drawn, tuple(rows.runs), tuple(rows.versions), tuple(rows.live), rows.totals
    )


def _focus(rows: Rows) -> set[str]:
    start = rows.start
    if isinstance(start, RecipeVersion):
        return {f"recipe-{start.pk}"}
    if isinstance(start, Recipe):
        return {f"recipe-{version.pk}" for version in rows.recipes if version.recipe_id == start.pk}
    kinds = {Dataset: "dataset", Experiment: "run", ModelVersion: "version"}
    kind = kinds.get(type(start))
    return {f"{kind}-{start.pk}"} if kind else set()


def _reach(focus: set[str], edges: list[tuple[str, str]]) -> set[str]:
    """Everything that can be reached from the focus along the edges."""
    found, waiting = set(focus), list(focus)
    while waiting:
        here = waiting.pop()
        for a, b in edges:
            if a == here and b not in found:
                found.add(b)
                waiting.append(b)
    return found


def _relation(key: str, focus: set[str], up: set[str], down: set[str]) -> str:
    if key in focus:
        return "focus"
    return "downstream" if key in down else "upstream" if key in up else "beside"


def _in_order(columns: list[Column], edges: tuple[tuple[str, str], ...]) -> tuple[Column, ...]:
    """Each column sorted by the mean place of what it leads to, from the right, so that few lines cross."""
    place: dict[str, float] = {}
    ordered: list[Column] = []
    for column in reversed(columns):
        means = {node.key: _mean([place[b] for a, b in edges if a == node.key and b in place]) for node in column.nodes}
        nodes = tuple(sorted(column.nodes, key=lambda node: means[node.key])) if ordered else column.nodes
        place |= {node.key: float(number) for number, node in enumerate(nodes)}
        ordered.insert(0, replace(column, nodes=nodes))
    return tuple(ordered)


def _mean(places: list[float]) -> float:
    return sum(places) / len(places) if places else float(MOST)


def _impact_words(start: Start) -> list[tuple[str, str]]:
    """(kind, noun) of what can depend on a thing."""
    after = [("run", "run"), ("version", "model version"), ("deployment", "deployment")]
    return after[{Experiment: 1, ModelVersion: 2}.get(type(start), 0) :]


def _counted(count: int, noun: str) -> str:
    at_least = "at least " if count >= COUNTED else ""
    return f"{at_least}{number(count)} {noun}{'' if count == 1 else 's'}" if count else ""
