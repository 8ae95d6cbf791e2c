"""Exact Shapley values of boosted trees against a background of rows: interventional TreeSHAP on plain arrays.

A tree is the sum of its leaves, and a leaf is a game of its own: for a row x and a background row z it is reached by a
coalition S iff S holds every player whose conditions on the path x alone meets (A) and none of those that z alone meets
(B), and by none if some player's conditions neither meets. Such a game has its Shapley values in closed form,

    value · (|A|-1)! |B|! / (|A|+|B|)!  for each of A,       -value · |A|! (|B|-1)! / (|A|+|B|)!  for each of B

(Lundberg et al., From local explanations to global understanding with explainable AI for trees, Nature Machine
Intelligence 2, 2020, algorithm 3; Laberge, Pequignot, TreeSHAP for partition explanations, 2022). A player is a column
of the table: all its encoded columns are present or absent together. The work grows with leaves and depth alone, so any
number of columns is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import factorial

import numpy as np
from numpy.typing import NDArray

from experiments.learning.explain.errors import NotExplainable
from experiments.learning.explain.split import Floats
from experiments.learning.tabular.scorers.trees import TreesScorer

_MOST_ON_A_PATH = 60
"""Different columns that one path may ask about: players of a path are bits of a 64-bit number."""
_ROWS_AT_ONCE = 64
Masks = NDArray[np.uint64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class _Paths:
    """Conditions of all leaves, one after the other: condition c of leaf ``leaf[c]`` wants that a row goes
    ``left[c]`` at ``node[c]``, and concerns the player whose bit is ``bit[c]`` in the leaf's own numbering.

    ``start`` (leaves,): first condition of each; ``value`` (leaves,); ``players`` (leaves, most on a path): whose bit
    0, 1, … is, padded with 0.
    """

    node: Places
    left: NDArray[np.bool_]
    bit: Masks
    start: Places
    value: Floats
    players: Places

    @classmethod
    def of(cls, scorer: TreesScorer, player: Places) -> _Paths:
        """``player`` of each encoded column. Trees of a single leaf add the same to every row, so they have none."""
        nodes = np.arange(len(scorer.value))
        inner = np.flatnonzero(scorer.left != nodes)
        parent = np.full(len(nodes), -1)
        parent[scorer.left[inner]] = parent[scorer.right[inner]] = inner
        came_left = np.zeros(len(nodes), np.bool_)
        came_left[scorer.left[inner]] = True
        ends = np.setdiff1d(nodes, inner)
        ends = ends[parent[ends] >= 0]
        leaf, node, left = [], [], []
        at, which = ends, np.arange(len(ends))
        while len(at):
            up = parent[at]
            leaf.append(which)
            node.append(up)
            left.append(came_left[at])
            on = parent[up] >= 0
            at, which = up[on], which[on]
        if not leaf:
            nothing = np.empty(0, np.int64)
            return cls(nothing, nothing.astype(bool), nothing.astype(np.uint64), nothing, np.empty(0), nothing[:, None])
        leaves, asked, lefts = (np.concatenate(each) for each in (leaf, node, left))
        order = np.lexsort((player[scorer.feature[asked]], leaves))
        leaves, asked, lefts = leaves[order], asked[order], lefts[order]
        start = np.searchsorted(leaves, np.arange(len(ends)))
        bit, players = _numbered(leaves, player[scorer.feature[asked]], start)
        return cls(asked, lefts, bit, start, scorer.value[ends], players)

    def failed(self, scorer: TreesScorer, matrix: Floats) -> Masks:
        """Bits of the players whose conditions each row does not meet, shape (rows, leaves)."""
        numbers = matrix[:, scorer.feature[self.node]]
        goes_left = (numbers <= scorer.threshold[self.node]) | (
            np.isnan(numbers) & scorer.missing_left[self.node].astype(bool)
        )
        missed = np.where(goes_left == self.left, np.uint64(0), self.bit)
        found: Masks = np.bitwise_or.reduceat(missed, self.start, axis=1)
        return found


def _numbered(leaves: Places, players: Places, start: Places) -> tuple[Masks, Places]:
    """The bit of each condition, players being numbered leaf by leaf, and whose bits they are."""
    new = np.ones(len(leaves), np.bool_)
    new[1:] = (players[1:] != players[:-1]) | (leaves[1:] != leaves[:-1])
    running = np.cumsum(new)
    number: Places = (running - running[start][leaves]).astype(np.int64)
    most = int(number.max()) + 1
    if most > _MOST_ON_A_PATH:
        raise NotExplainable(
            f"A path of the trees asks about {most} different columns; exact values are made for at most "
            f"{_MOST_ON_A_PATH}."
        )
    whose = np.zeros((len(start), most), np.int64)
    whose[leaves, number] = players
    return np.left_shift(np.uint64(1), number.astype(np.uint64)), whose


def tree_shapley(scorer: TreesScorer, rows: Floats, background: Floats, player: Places) -> tuple[Floats, float]:
    """(values of shape (rows, players), mean raw prediction of the background); they sum to the raw predictions.

    ``rows`` and ``background`` are encoded, shapes (n, f) and (m, f) with m of 1 or more; ``player`` (f,) numbers the
    players from 0. Raises NotExplainable for paths of more than 60 different players.
    """
    values = np.zeros((len(rows), int(player.max(initial=-1)) + 1))
    base = float(scorer.raw(background).mean())
    paths = _Paths.of(scorer, player)
    if not len(paths.value):
        return values, base
    leaf, absent, worth = _patterns(paths, paths.failed(scorer, background))
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        failed = paths.failed(scorer, rows[start : start + _ROWS_AT_ONCE])
        for place, missed in enumerate(failed, start):
            values[place] = _values(paths, missed[leaf], leaf, absent, worth, values.shape[1])
    return values, base


def _patterns(paths: _Paths, failed: Masks) -> tuple[Places, Masks, Floats]:
    """Distinct ways in which background rows fail each leaf: (leaf, bits, value of the leaf · share of the rows).

    Background rows that fail alike play the same game, and of a hundred rows few fail a leaf differently.
    """
    count, leaves = failed.shape
    leaf = np.repeat(np.arange(leaves), count)
    bits = failed.T.ravel()
    order = np.lexsort((bits, leaf))
    leaf, bits = leaf[order], bits[order]
    new = np.ones(len(bits), np.bool_)
    new[1:] = (bits[1:] != bits[:-1]) | (leaf[1:] != leaf[:-1])
    first = np.flatnonzero(new)
    share = np.diff(np.append(first, len(bits))) / count
    return leaf[first], bits[first], paths.value[leaf[first]] * share


def _values(paths: _Paths, missed: Masks, leaf: Places, absent: Masks, worth: Floats, players: int) -> Floats:
    """Values of one row, whose failures stand beside each pattern of the background; shape (players,)."""
    alive = np.flatnonzero((missed & absent) == 0)
    mine, theirs, leaf, worth = absent[alive], missed[alive], leaf[alive], worth[alive]
    of_mine, of_theirs = _weights(paths.players.shape[1])
    a, b = np.bitwise_count(mine), np.bitwise_count(theirs)
    gained, lost = worth * of_mine[a, b], worth * of_theirs[a, b]
    found = np.zeros(players)
    for bit in range(paths.players.shape[1]):
        shift = np.uint64(bit)
        change = gained * (mine >> shift & np.uint64(1)) - lost * (theirs >> shift & np.uint64(1))
        found += np.bincount(paths.players[leaf, bit], change, players)
    return found


@cache
def _weights(most: int) -> tuple[Floats, Floats]:
    """(a-1)! b! / (a+b)! and a! (b-1)! / (a+b)!, 0 where the first has a negative; shape (most + 1, most + 1)."""
    gained = np.zeros((most + 1, most + 1))
    for a in range(1, most + 1):
        for b in range(most + 1):
            gained[a, b] = factorial(a - 1) * factorial(b) / factorial(a + b)
    return gained, gained.T.copy()
