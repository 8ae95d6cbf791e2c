"""Where data that was put together here comes from, as its page shows it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from experiments.models import Dataset
from experiments.services.datasets import lineage

_COUNTS = (
    ("old", "Rows of the old data"),
    ("feedback", "Pieces of feedback read"),
    ("new", "New rows"),
    ("learnt_new", "New rows to learn from"),
    ("holdout", "Newest rows, to judge by"),
    ("holdout_users", "Users to judge by"),
    ("train", "Rows to learn from in all"),
    ("left_for_next", "Left for the next retraining"),
    ("old_after_holdout", "Old rows left out, as later than the rows to judge by"),
    ("too_old", "Left out by window or half-life"),
    ("negative", "Said no, which such data has no row for"),
    ("out_of_scale", "Ratings outside the scale, left out"),
    ("events", "Clicks and conversions"),
)


@dataclass(frozen=True)
class Line:
    """``counts``: (what, how many) in the order in which the data was made. ``root`` None: it is the parent."""

    parent: Dataset | None
    parent_name: str
    root: Dataset | None
    cut: dt.datetime
    counts: tuple[tuple[str, int], ...]


def of(dataset: Dataset) -> Line | None:
    """None of a dataset that was imported. One query."""
    said = lineage(dataset)
    if not said:
        return None
    rows = Dataset.objects.filter(workspace=dataset.workspace_id, pk__in=[said["parent"], said["root"]])
    known = {str(one.pk): one for one in rows}
    counts = said.get("counts", {})
    return Line(
        parent=known.get(said["parent"]),
        parent_name=said.get("parent_name", ""),
        root=known.get(said["root"]) if said["root"] != said["parent"] else None,
        cut=dt.datetime.fromisoformat(said["cut"]),
        counts=tuple((title, counts[name]) for name, title in _COUNTS if counts.get(name) is not None),
    )
