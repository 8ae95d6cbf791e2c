"""Which runs a comparison is of: ids as they were given, the runs they name, and the one all are measured against."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from experiments.models import Experiment
from mlopspro.accounts.models import Workspace
from mlopspro.core.charts import PALETTE_SIZE, run_colours
from mlopspro.core.formats import short_id

MOST = 10
FEWEST = 2
MOST_TOKENS = 100
NAME_LENGTH = 60
LETTERS = "ABCDEFGHIJ"

MetricKey = tuple[str, str]
"""Protocol and name of a metric."""


@dataclass(frozen=True)
class Asked:
    """Ids of an address in their order, each once; ``refused`` is what stood among them and is no id."""

    ids: tuple[uuid.UUID, ...]
    refused: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Iterable[str]) -> Asked:
        """From values that each hold one id or several between commas."""
        words = [word for text in given for word in re.split(r"[,\s]+", text) if word][:MOST_TOKENS]
        ids: dict[uuid.UUID, None] = {}
        refused: dict[str, None] = {}
        for word in words:
            try:
                ids[uuid.UUID(word)] = None
            except ValueError:
                refused[word[:40]] = None
        return cls(tuple(ids), tuple(refused))


@dataclass(frozen=True)
class Compared:
    """A run as a comparison shows it: with a letter, a name that no other run on the page has, and its colour."""

    run: Experiment
    letter: str
    name: str
    colour: int
    dashed: bool
    is_reference: bool

    @property
    def key(self) -> str:
        return str(self.run.pk)


@dataclass(frozen=True)
class Selection:
    """Runs in the order of the ids, at most ten, and what became of the ids that are not among them."""

    runs: tuple[Compared, ...]
    asked: Asked
    deleted: tuple[Experiment, ...] = ()
    missing: tuple[uuid.UUID, ...] = ()
    left_out: tuple[Experiment, ...] = ()

    @cached_property
    def reference(self) -> Compared | None:
        return next((one for one in self.runs if one.is_reference), None)

    @cached_property
    def names(self) -> dict[str, str]:
        return {one.key: one.name for one in self.runs}

    @cached_property
    def by_key(self) -> dict[str, Compared]:
        return {one.key: one for one in self.runs}

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(one.key for one in self.runs)

    @property
    def is_enough(self) -> bool:
        return len(self.runs) >= FEWEST

    @property
    def is_live(self) -> bool:
        return any(one.run.is_active for one in self.runs)


def select(workspace: Workspace, asked: Asked, references: Sequence[uuid.UUID | None] = ()) -> Selection:
    """Finds the runs: one query. Ids of other workspaces are missing, as are ids of nothing.

    Args:
        references: runs to measure against, the first that is among them; otherwise it is the first run.
    """
    rows = Experiment.objects.filter(workspace=workspace, pk__in=asked.ids).select_related("dataset", "created_by")
    found = {run.pk: run for run in rows}
    there = [found[pk] for pk in asked.ids if pk in found and found[pk].deleted_at is None]
    shown = there[:MOST]
    return Selection(
        runs=_compared(shown, references),
        asked=asked,
        deleted=tuple(found[pk] for pk in asked.ids if pk in found and found[pk].deleted_at is not None),
        missing=tuple(pk for pk in asked.ids if pk not in found),
        left_out=tuple(there[MOST:]),
    )


def own_ids(workspace: Workspace, given: Iterable[str]) -> list[str]:
    """The same ids with those of MLflow replaced by those of the runs they belong to here: two queries."""
    words = [word for text in given for word in re.split(r"[,\s\0]+", text) if word][:MOST_TOKENS]
    rows = Experiment.objects.filter(workspace=workspace, deleted_at__isnull=True)
    mirrored = rows.filter(tracker_runs__tracker="mlflow", tracker_runs__external_id__in=words)
    logged = rows.filter(logged__external_id__in=words)
    ours = dict(mirrored.values_list("tracker_runs__external_id", "pk"))
    ours |= dict(logged.values_list("logged__external_id", "pk"))
    return [str(ours.get(word, word)) for word in words]


def _compared(runs: Sequence[Experiment], references: Sequence[uuid.UUID | None]) -> tuple[Compared, ...]:
    ids = [run.pk for run in runs]
    reference = next((pk for pk in references if pk in ids), ids[0] if ids else None)
    colours, names = run_colours(ids), names_of(runs)
    used: Counter[int] = Counter()
    found = []
    for letter, run in zip(LETTERS, runs, strict=False):
        colour = colours[str(run.pk)]
        used[colour] += 1
        found.append(
            Compared(
                run=run,
                letter=letter,
                name=names[run.pk],
                colour=colour,
                dashed=len(runs) > PALETTE_SIZE and used[colour] > 1,
                is_reference=run.pk == reference,
            )
        )
    return tuple(found)


def names_of(runs: Sequence[Experiment]) -> dict[uuid.UUID, str]:
    """Their names, cut where they are long; where two are alike, with the beginning of the id."""
    cut = {run.pk: run.name if len(run.name) <= NAME_LENGTH else run.name[: NAME_LENGTH - 1] + "…" for run in runs}
    often = Counter(cut.values())
    return {pk: name if often[name] == 1 else f"{name} ({short_id(pk)})" for pk, name in cut.items()}


def problems_of(selection: Selection) -> list[str]:
    """What of the request could not be done, a sentence each."""
    found = [f"“{word}” is not the id of a run." for word in selection.asked.refused]
    if selection.missing:
        ids = ", ".join(short_id(pk) for pk in selection.missing[:MOST])
        found.append(f"There is no run here with the id {ids}; it may belong to another workspace, or never existed.")
    found += [f"{run.name} was deleted. Restore it in the history to compare it." for run in selection.deleted]
    if selection.left_out:
        names = ", ".join(run.name for run in selection.left_out[:3])
        more = f" and {len(selection.left_out) - 3} more" if len(selection.left_out) > 3 else ""
        found.append(f"At most {MOST} runs fit side by side; {names}{more} left out.")
    return found
