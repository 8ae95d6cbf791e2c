"""The part of an import that is a table's own: reading or generating it, and what its dataset says."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from experiments.jobs.context import JobContext
from experiments.learning.data.quarantine import Quarantine
from experiments.learning.data.snapshot import Snapshot
from experiments.learning.data.table_snapshot import canonical, write_table
from experiments.learning.data.tables import describe
from experiments.learning.data.tables.findings import findings
from experiments.learning.data.validation import Report
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles


@dataclass(frozen=True)
class MadeTable:
    """A table that was read or generated, in stored order; ``source`` adds to what the dataset says of its source."""

    frame: pd.DataFrame
    roles: Roles
    family: Family
    refused: pd.DataFrame
    report: Report | None
    source: dict[str, Any]


def generate(options: dict[str, Any]) -> MadeTable:
    """The documented example of a family (docs/synthetic-data.md). ``options``: family, seed and sizes."""
    # Loaded where it runs: generators come with their models.
    from experiments.learning.tabular.synthetic import SYNTHETIC

    sizes = {name: value for name, value in options.items() if name != "family"}
    family = Family(options["family"])
    made = SYNTHETIC[family](**sizes)
    source = {"process": made.process, "truth": made.truth, "columns": made.columns}
    return MadeTable(canonical(made.frame), made.roles, family, Quarantine().frame(), None, source)


def store(context: JobContext, made: MadeTable, folder: Path) -> tuple[Snapshot, dict[str, Any]]:
    """Writes the snapshot; gives it with the fields of its dataset. Raises DatasetError."""
    context.phase("Describing")
    fields = dataset_fields(made)
    context.phase("Storing")
    return write_table(made.frame, made.refused, folder), fields


def dataset_fields(made: MadeTable) -> dict[str, Any]:
    """What a Dataset says of a table; a table has rows, but neither users nor items."""
    described = describe.describe(made.frame, made.roles, made.family)
    time = described["time"]
    return {
        "family": made.family.value,
        "roles": made.roles.model_dump(mode="json"),
        "columns": describe.describe_columns(made.frame, made.roles),
        "feedback": "",
        "num_users": 0,
        "num_items": 0,
        "num_interactions": len(made.frame),
        "first_at": dt.datetime.fromisoformat(time["first"]) if time else None,
        "last_at": dt.datetime.fromisoformat(time["last"]) if time else None,
        "has_timestamps": time is not None,
        "has_given_split": False,
        "statistics": described,
        "findings": findings(made.frame, made.roles, made.family, made.report),
        "source": made.source,
    }
