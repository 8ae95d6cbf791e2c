"""The rows of one source in one stretch of time, by column, with the feedback that counts on them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from monitoring.stats.bins import Bins
from monitoring.summaries.types import Bools, Floats, Ints

UNSHOWN = -1
"""The place of an item that has feedback but did not stand in the list."""


@dataclass(frozen=True, slots=True)
class FeedbackRows:
    """The latest feedback of each (prediction, item, kind). Each (m,); ``row`` is the place of the prediction."""

    row: Ints
    place: Ints
    """Of the item in the list, 0 is the first; UNSHOWN where it did not stand there."""
    item: pa.Array
    kind: pa.Array
    value: Floats
    """NaN where there was none."""
    label: pa.Array

    @classmethod
    def none(cls) -> FeedbackRows:
        ints, words = np.empty(0, np.int64), pa.array([], pa.string())
        return cls(ints, ints, words, words, np.empty(0), words)


@dataclass(frozen=True, slots=True)
class ReferenceContext:
    """What windows are compared with: the bins of each signal, by name, under the ``key`` of the reference.

    ``items``: those that the version learnt from with their place, the most popular first; the first ``head`` of them
    make up half of the training interactions. ``complete``: no item it learnt from is missing there. ``favourites``:
    items that hold half of the reference's places. ``types``: of each column of features the type it usually has.
    """

    key: str
    bins: Mapping[str, Bins]
    items: Mapping[str, int] = field(default_factory=dict)
    head: int = 0
    complete: bool = False
    favourites: frozenset[str] = frozenset()
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def features(self) -> tuple[str, ...]:
        """Columns of the log's features that are compared."""
        return tuple(name.removeprefix("feature.") for name in self.bins if name.startswith("feature."))

    @property
    def scored(self) -> bool:
        return "scores" in self.bins


@dataclass(frozen=True, slots=True)
class Rows:
    """Predictions by column, each (n,); absent numbers are NaN, absent words "". ``items`` is flat."""

    user: pa.Array
    history: Floats
    fallback: Bools
    failed: Bools
    listed: Bools
    """Answered with a list, be it an empty one."""
    lengths: Ints
    items: pa.Array
    value: Floats
    label: pa.Array
    confidence: Floats
    latency_ms: Floats
    feedback: FeedbackRows
    liked_from: float = 4.0
    """A rating from here on is positive."""
    reference: ReferenceContext | None = None
    first_score: Floats | None = None
    """Of the first item; None where nobody reads it."""
    features: Mapping[str, pa.Array] = field(default_factory=dict)
    """By column the values as JSON has them, "" where there is none; only those that the reference compares."""

    def __len__(self) -> int:
        return len(self.failed)

    @classmethod
    def of(
        cls,
        predictions: Sequence[dict[str, Any]],
        liked_from: float = 4.0,
        reference: ReferenceContext | None = None,
        features: Sequence[str] | None = None,
    ) -> Rows:
        """From dictionaries with the columns of the log and ``feedback``, a list of dictionaries: for few rows.

        ``features`` are the columns to bring along; None is those of the reference.
        """
        columns = features if features is not None else reference.features if reference is not None else ()

        def numbers(name: str) -> Floats:
            return np.array([np.nan if row.get(name) is None else row[name] for row in predictions], np.float64)

        def words(name: str) -> pa.Array:
            return pa.array([row.get(name) or "" for row in predictions], pa.string())

        return cls(
            user=words("user"),
            history=numbers("history"),
            fallback=np.array([bool(row.get("fallback")) for row in predictions], np.bool_),
            failed=np.array([bool(row.get("error")) for row in predictions], np.bool_),
            listed=np.array([row.get("items") is not None for row in predictions], np.bool_),
            lengths=np.array([len(row.get("items") or ()) for row in predictions], np.int64),
            items=pa.array([item for row in predictions for item in row.get("items") or ()], pa.string()),
            value=numbers("value"),
            label=words("label"),
            confidence=numbers("confidence"),
            latency_ms=numbers("latency_ms"),
            feedback=_feedback(predictions),
            liked_from=liked_from,
            reference=reference,
            first_score=np.array([_first(row.get("scores")) for row in predictions], np.float64),
            features={name: pa.array([_cell(row, name) for row in predictions], pa.string()) for name in columns},
        )

    @property
    def answers(self) -> pa.Array:
        """What was answered, for counting: items of lists, labels of classifiers."""
        labels = self.label.filter(pa.array(~self.listed & (np.asarray(pc.binary_length(self.label)) > 0)))
        return pa.concat_arrays([self.items, labels]) if len(labels) else self.items

    @property
    def labelled(self) -> int:
        """Predictions with any feedback."""
        return len(np.unique(self.feedback.row))


def _first(scores: Sequence[float] | None) -> float:
    return scores[0] if scores else np.nan


def _cell(row: dict[str, Any], name: str) -> str:
    given = row.get("features") or {}
    return json.dumps(given[name]) if given.get(name) is not None else ""


def _feedback(predictions: Sequence[dict[str, Any]]) -> FeedbackRows:
    found = [(at, one) for at, row in enumerate(predictions) for one in row.get("feedback") or ()]

    def place(at: int, item: str) -> int:
        items = list(predictions[at].get("items") or ())
        return items.index(item) if item in items else UNSHOWN

    def words(name: str) -> pa.Array:
        return pa.array([one.get(name) or "" for _, one in found], pa.string())

    return FeedbackRows(
        row=np.array([at for at, _ in found], np.int64),
        place=np.array([place(at, one.get("item") or "") for at, one in found], np.int64),
        item=words("item"),
        kind=words("kind"),
        value=np.array([np.nan if one.get("value") is None else one["value"] for _, one in found], np.float64),
        label=words("label"),
    )
