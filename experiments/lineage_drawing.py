"""Where the nodes and lines of a lineage stand, in pixels. The style sheet lays the nodes out by the same sizes."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.selectors.lineage import Lineage

NODE_WIDTH = 164
NODE_HEIGHT = 76
NODE_GAP = 12
COLUMN_GAP = 28
HEAD_HEIGHT = 32
"""static/css/lineage.css has the same figures."""
BOW = 14
"""How far a line between two nodes of one column swings out."""


@dataclass(frozen=True)
class Line:
    path: str
    """SVG path data."""
    strong: bool
    """Whether it joins what was asked about with what it depends on or leads to."""


@dataclass(frozen=True)
class Drawing:
    width: int
    height: int
    lines: tuple[Line, ...]


def draw(lineage: Lineage) -> Drawing:
    """Lines between the middles of the nodes' sides. Pure: the same lineage is always drawn alike."""
    places = {
        node.key: (column, row) for column, group in enumerate(lineage.columns) for row, node in enumerate(group.nodes)
    }
    nodes = lineage.nodes
    lines = []
    for a, b in lineage.edges:
        strong = all(nodes[key].relation != "beside" for key in (a, b)) and _one_way(
            nodes[a].relation, nodes[b].relation
        )
        lines.append(Line(_path(places[a], places[b]), strong))
    rows = max((len(column.nodes) + bool(column.more) for column in lineage.columns), default=0)
    count = len(lineage.columns)
    return Drawing(
        width=count * NODE_WIDTH + max(0, count - 1) * COLUMN_GAP,
        height=HEAD_HEIGHT + rows * (NODE_HEIGHT + NODE_GAP),
        lines=tuple(sorted(lines, key=lambda line: line.strong)),
    )


def _one_way(before: str, after: str) -> bool:
    """Upstream to upstream or focus, focus or downstream to downstream."""
    order = {"upstream": 0, "focus": 1, "downstream": 2}
    if before not in order or after not in order:
        return False
    return order[before] <= order[after] and (before, after) != ("upstream", "downstream")


def _path(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = _right(start)
    if start[0] == end[0]:
        x2, y2 = _right(end)
        return f"M{x1} {y1} C{x1 + BOW} {y1} {x2 + BOW} {y2} {x2} {y2}"
    x2, y2 = _left(end)
    bend = COLUMN_GAP // 2
    return f"M{x1} {y1} C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"


def _right(place: tuple[int, int]) -> tuple[int, int]:
    x, y = _left(place)
    return x + NODE_WIDTH, y


def _left(place: tuple[int, int]) -> tuple[int, int]:
    column, row = place
    return column * (NODE_WIDTH + COLUMN_GAP), HEAD_HEIGHT + row * (NODE_HEIGHT + NODE_GAP) + NODE_HEIGHT // 2
