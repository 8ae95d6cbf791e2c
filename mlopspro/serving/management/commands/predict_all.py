"""Answers to every row of a table, into a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mlopspro.serving import named
from mlopspro.serving.batches import write_rows
from mlopspro.serving.problems import CannotAnswer


class Command(BaseCommand):
    help = "Answer every row of a CSV or Parquet file with a model on tables. Logs no predictions."

    def add_arguments(self, parser: CommandParser) -> None:
        named.add_options(parser)
        parser.add_argument("--data", required=True, metavar="FILE", help="CSV or Parquet with the model's columns")
        parser.add_argument("--out", required=True, metavar="FILE.parquet")

    def handle(self, *args: Any, **options: Any) -> None:
        target = named.target_of(options["out"])
        version = named.loaded_version(options)
        if version.table is None:
            raise CommandError(f"{options['model']} is a recommender; use recommend_all")
        kinds = {column.name: column.kind for column in version.table.inputs.columns}
        table = _read(Path(options["data"]), {name for name, kind in kinds.items() if kind != "number"})
        try:
            rows = write_rows(version, table, target, progress=named.show_progress)
        except CannotAnswer as error:
            raise CommandError("\n".join(f"{one.field}: {one.message}" for one in error.problems)) from error
        except ValueError as error:
            raise CommandError(f"--data: {error}") from error
        self.stdout.write(f"{rows:,} rows, version {version.number}: {target}")


def _read(path: Path, texts: set[str]) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            found = pd.read_parquet(path)
        else:
            found = pd.read_csv(path, dtype=dict.fromkeys(texts, str), keep_default_na=True)
    except (OSError, ValueError) as error:
        raise CommandError(f"--data {path}: it cannot be read: {error}") from error
    return found.astype(
        {name: str for name in texts & set(found.columns) if str(found[name].dtype).startswith("datetime")}
    )
