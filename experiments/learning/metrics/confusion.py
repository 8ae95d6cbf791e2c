"""Item-level decisions counted: show this candidate to this user, or not (decision D3).

Counts are stored and money is not, so a changed price changes what is shown without a new evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Confusion:
    """tp shown and relevant, fp shown and irrelevant, fn relevant and not shown, tn neither."""

    tp: int = 0
    fp: int = 0
    fn: int = 0
    tn: int = 0

    @classmethod
    def of(cls, *, hits: int, shown: int, relevant: int, candidates: int) -> Confusion:
        """From totals over all counted users; the four add up to ``candidates``, all decisions."""
        return cls(tp=hits, fp=shown - hits, fn=relevant - hits, tn=candidates - shown - relevant + hits)

    def __add__(self, other: Confusion) -> Confusion:
        return Confusion(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn, self.tn + other.tn)

    @property
    def decisions(self) -> int:
        return self.tp + self.fp + self.fn + self.tn

    def as_dict(self) -> dict[str, int]:
        return {"tp": self.tp, "fp": self.fp, "fn": self.fn, "tn": self.tn}
