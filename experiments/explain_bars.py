"""Scores as small stacked bars, drawn on the server: places in percent of the bar's width, and figures with a sign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from experiments.learning.explain.split import KINDS, Kind
from experiments.selectors.explanations import ExplainedItem, ShownPart
from mlopspro.core.formats import metric

KIND_LABELS: Mapping[Kind, str] = {"collaborative": "Collaborative", "content": "Content", "bias": "Bias"}
KIND_HELP: Mapping[Kind, str] = {
    "collaborative": "What was learnt from who did what: the vectors of user and item, or the user's history.",
    "content": "What features say: age, genres, popularity …",
    "bias": "Levels that are no choice of this user's for this item: the mean, the user's and the item's own level.",
}
_ORDER: tuple[Kind, ...] = ("bias", "collaborative", "content")
"""From zero outwards: the level first, then what moves it."""


@dataclass(frozen=True)
class Segment:
    """``x`` and ``width`` in percent of the bar."""

    kind: Kind
    x: float
    width: float


@dataclass(frozen=True)
class ItemBar:
    """An item with its drawing; ``words`` says the same to who cannot see it, ``figures`` stand in the columns."""

    item: ExplainedItem
    segments: tuple[Segment, ...]
    zero: float
    words: str
    figures: tuple[str, ...]
    parts: tuple[tuple[str, str, str], ...]
    """(label, kind, figure) of every single part."""
    rating: tuple[tuple[str, str, str], ...]
    """The same of the predicted rating, where lists are ordered by another score."""
    rating_total: str
    near: tuple[tuple[str, str], ...]
    """(title, figure) of the nearest liked items."""


def item_bars(items: Iterable[ExplainedItem]) -> list[ItemBar]:
    """All on one scale: from the largest sum of parts below zero to the largest above it."""
    items = list(items)
    low = min((sum(v for v in each.kinds.values() if v < 0) for each in items), default=0.0)
    high = max((sum(v for v in each.kinds.values() if v > 0) for each in items), default=0.0)
    return [_bar(each, low, (high - low) or 1.0) for each in items]


def kinds_of(items: Iterable[ExplainedItem]) -> list[Kind]:
    """Kinds that any of the items has, in their order."""
    found = {kind for each in items for kind in each.kinds}
    return [kind for kind in KINDS if kind in found]


def signed(value: float) -> str:
    """+1.24, −0.31, 0: three digits and always a sign, for what is added up."""
    text = metric(abs(value))
    return text if value == 0 else f"{'+' if value > 0 else '−'}{text}"


def _rows(parts: Iterable[ShownPart]) -> tuple[tuple[str, str, str], ...]:
    return tuple((part.label, KIND_LABELS[part.kind], signed(part.value)) for part in parts)


def _bar(item: ExplainedItem, low: float, width: float) -> ItemBar:
    segments, left, right = [], 0.0, 0.0
    for kind in _ORDER:
        value = item.kinds.get(kind, 0.0)
        start = right if value > 0 else left + value
        if value:
            segments.append(Segment(kind, round(100 * (start - low) / width, 2), round(100 * abs(value) / width, 2)))
        left, right = left + min(value, 0.0), right + max(value, 0.0)
    shown = [(KIND_LABELS[kind], signed(item.kinds[kind])) for kind in KINDS if kind in item.kinds]
    return ItemBar(
        item=item,
        segments=tuple(segments),
        zero=round(-100 * low / width, 2),
        words=f"Score {metric(item.score)}: " + ", ".join(f"{label.lower()} {figure}" for label, figure in shown),
        figures=tuple(figure for _, figure in shown),
        parts=_rows(item.parts),
        rating=_rows(item.rating),
        rating_total=metric(sum(part.value for part in item.rating)),
        near=tuple((near.title, metric(near.value)) for near in item.near),
    )
