"""The part of an import that is a table's own: reading or generating it, and what its dataset says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from experiments.jobs.context import JobContext
from experiments.learning.data.errors import DatasetError
from experiments.learning.data.quarantine import Quarantine
from experiments.learning.data.snapshot import Snapshot
from experiments.learning.data.table_snapshot import canonical, read_table, write_table
from experiments.learning.data.tables import describe
from experiments.learning.data.tables import roles as checking
from experiments.learning.data.tables.findings import findings
from experiments.learning.data.tables.load import load, with_suggestions
from experiments.learning.data.tables.options import TableOptions
from experiments.learning.data.tables.reading import see
from experiments.learning.data.validation import Report
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles
from experiments.services.spec import Problem, Refused, problems_of


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


def composed(folder: Path, options: dict[str, Any]) -> MadeTable:
    """The table that was put together in ``folder``. ``options``: family and roles. Raises DatasetError."""
    roles, family = Roles.model_validate(options["roles"]), Family(options["family"])
    return MadeTable(canonical(read_table(folder)), roles, family, Quarantine().frame(), None, {})


def checked(path: Path, options: Mapping[str, Any], format_key: str | None = None) -> TableOptions:
    """The options as they will be read with, roles suggested where none were chosen. Raises Refused, role by role."""
    try:
        typed = TableOptions.model_validate(dict(options))
        seen = see(path, typed.read_options(), format_key)
    except ValidationError as error:
        raise Refused(problems_of(error)) from error
    except DatasetError as error:
        raise Refused([Problem(error.field, str(error))]) from error
    typed = with_suggestions(seen, typed)
    found = checking.problems(typed.roles or Roles.model_validate({}), typed.family, seen.columns)
    if found:
        raise Refused([Problem(f"roles.{problem.role}", f"{problem.role} {problem.message}") for problem in found])
    return typed


def proposed(
    path: Path,
    options: Mapping[str, Any],
    said: Mapping[str, tuple[str, ...]],
    *,
    control: str = "",
    format_key: str | None = None,
) -> dict[str, Any]:
    """Options whose roles are those suggested, overridden by ``said`` (role to columns). Raises Refused."""
    try:
        typed = TableOptions.model_validate(dict(options))
        typed = with_suggestions(see(path, typed.read_options(), format_key), typed)
        suggested = typed.roles or Roles.model_validate({})
        roles = checking.overridden(suggested, dict(said), typed.family, control=control)
    except ValidationError as error:
        raise Refused(problems_of(error)) from error
    except DatasetError as error:
        raise Refused([Problem(error.field, str(error))]) from error
    except ValueError as error:
        raise Refused([Problem("roles", str(error))]) from error
    return typed.model_copy(update={"roles": roles}).model_dump(mode="json", exclude_none=True)


def read(path: Path, format_key: str, options: Mapping[str, Any], progress: Callable[[int], None]) -> MadeTable:
    """The table in a file, as a person confirmed it. Raises DatasetError."""
    typed = TableOptions.model_validate(dict(options))
    loaded = load(path, typed, format_key, progress)
    return MadeTable(canonical(loaded.frame), loaded.roles, typed.family, loaded.refused, loaded.report, {})


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
