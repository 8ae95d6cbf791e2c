"""Reasons of a list as small stacked bars, in the drawing of the tab "Explain" of a run."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.explain_bars import ItemBar, item_bars
from experiments.learning.explain.split import KINDS, Kind
from experiments.selectors.explanations import ExplainedItem, NearItem, ShownPart
from mlopspro.serving.lists import RankedItem


def bars_of(items: Sequence[RankedItem]) -> list[ItemBar]:
    """One for each item, all on one scale; items without reasons are left out."""
    return item_bars(_explained(rank, one) for rank, one in enumerate(items, 1) if one.reasons is not None)


def _explained(rank: int, one: RankedItem) -> ExplainedItem:
    reasons = one.reasons
    parts = (
        tuple(ShownPart(key, _kind(kind), label, value) for key, kind, label, value in reasons.parts) if reasons else ()
    )
    kinds = {kind: sum(part.value for part in parts if part.kind == kind) for kind in KINDS}
    return ExplainedItem(
        item_id=one.item,
        title=one.title or one.item,
        rank=rank,
        score=one.score,
        kinds={kind: value for kind, value in kinds.items() if any(part.kind == kind for part in parts)},
        parts=parts,
        rating=(),
        near=tuple(
            NearItem(each.item, each.title or each.item, each.value) for each in (reasons.because if reasons else ())
        ),
    )


def _kind(text: str) -> Kind:
    return next(kind for kind in KINDS if kind == text)
