"""Which columns a model may learn from, and which kinds are too rare to be told apart (a recipe's feature_prep)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from experiments.learning.data.interactions import Interactions
from experiments.learning.data.typed_features import is_list_column

if TYPE_CHECKING:
    import pandas as pd

RARE = "other"
TITLE = "title"
"""Of items: shown to people, never learnt from, so always kept."""


@dataclass(frozen=True)
class Features:
    """``use`` None: all that the data has, then without ``leave_out``. ``rare_below``: kinds of fewer users or items
    become one, "other"; 0 keeps all."""

    use: tuple[str, ...] | None = None
    leave_out: tuple[str, ...] = ()
    rare_below: int = 0

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Features:
        use = stored.get("use")
        return cls(None if use is None else tuple(use), tuple(stored.get("leave_out", ())), stored.get("rare_below", 0))

    def chosen(self, columns: Iterable[str]) -> tuple[str, ...]:
        """Those of some columns that are used, in their order."""
        return tuple(name for name in columns if (self.use is None or name in self.use) and name not in self.leave_out)

    def applied(self, interactions: Interactions) -> Interactions:
        """The same interactions with fewer features; themselves where nothing changes."""
        if self == Features():
            return interactions
        return replace(interactions, users=self._frame(interactions.users), items=self._frame(interactions.items))

    def _frame(self, frame: pd.DataFrame | None) -> pd.DataFrame | None:
        if frame is None:
            return None
        kept = {*self.chosen(frame.columns), TITLE}
        found = frame[[name for name in frame.columns if name in kept]]
        if not self.rare_below:
            return found
        return found.assign(**{str(n): _joined(found[n], self.rare_below) for n in found.columns if n != TITLE})


def _joined(cells: pd.Series, least: int) -> pd.Series:
    """Categories, and members of lists, of fewer than ``least`` rows become RARE. Numbers stay."""
    if is_list_column(cells):
        counts = Counter(member for row in cells for member in set(row))
        rare = _rare(counts, least)
        return cells.map(lambda row: list(dict.fromkeys(RARE if member in rare else member for member in row)))
    if cells.dtype.kind in "fiub":
        return cells
    rare = _rare(Counter(cells.dropna()), least)
    return cells.where(~cells.isin(list(rare)), RARE)


def _rare(counts: Counter[Any], least: int) -> Collection[Any]:
    return {kind for kind, count in counts.items() if count < least}
