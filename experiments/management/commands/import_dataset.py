"""Import files of this machine as a dataset, with the same checks as the upload page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from django.core.management.base import BaseCommand, CommandError, CommandParser

from experiments.learning.data.readers.base import Role
from experiments.learning.data.readers.registry import READERS
from experiments.learning.data.tables.times import TimeFormat
from experiments.learning.families import Family
from experiments.models import Dataset, DatasetImport, JobStatus
from experiments.services import importing, table_work
from experiments.services.actors import actor_of, workspace_of
from experiments.services.spec import Refused

TABULAR = [family.value for family in Family if family.is_tabular]


class Command(BaseCommand):
    help = "Import ratings or events (MovieLens, CSV, Parquet, JSON lines), or a table of another family, as a dataset."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="File, zip or MovieLens folder with the interactions")
        parser.add_argument("--test", type=Path, help="File with the test part, where train and test come apart")
        parser.add_argument("--users", type=Path, help="File with user features")
        parser.add_argument("--items", type=Path, help="File with item features")
        parser.add_argument("--name", default="", help="Name of the dataset; default: that of the file")
        parser.add_argument("--format", choices=[*READERS], help="Recognised from the file where left out")
        parser.add_argument("--split", help="A split that the files bring along, such as u1")
        parser.add_argument("--encoding")
        parser.add_argument("--separator", help="One of , ; | :: or tab or space")
        parser.add_argument(
            "--no-header", action="store_true", help="The first row holds data; columns are 'column 1' …"
        )
        parser.add_argument("--user", help="Column with the user's identifier")
        parser.add_argument("--item", help="Column with the item's identifier")
        parser.add_argument("--value", help="Column with the rating, count or play time")
        parser.add_argument("--timestamp", help="Column with the time")
        parser.add_argument("--feedback", choices=["explicit", "implicit"])
        parser.add_argument("--scale", nargs=2, type=float, metavar=("LOWEST", "HIGHEST"))
        table = parser.add_argument_group("tables", "Data of other families; columns without a role are kept unused")
        table.add_argument("--family", choices=TABULAR, help="What the table is for")
        table.add_argument(
            "--role",
            action="append",
            default=[],
            metavar="ROLE=COLUMN",
            help="Such as price=unit_price; again for more columns. What is not said is suggested",
        )
        table.add_argument("--control", default="", help="Action that means nothing was done; default: none")
        table.add_argument("--decimal", choices=[".", ","], help="Decimal mark; found by looking where left out")
        table.add_argument("--time-format", choices=get_args(TimeFormat), help="How days are written")
        parser.add_argument("--workspace", default="", help="Slug; needed where there are several")
        parser.add_argument("--as", dest="actor", default="", help="E-mail of the person in whose name it happens")

    def handle(self, *args: Any, **options: Any) -> None:
        files: dict[Role, Path] = {"interactions": options["path"]}
        files |= {role: options[role] for role in importing.ROLES[1:] if options[role]}
        for role, path in files.items():
            if not path.exists():
                raise CommandError(f"{role}: there is no file or folder {path}")
        try:
            job = importing.import_here(
                workspace=workspace_of(options["workspace"]),
                actor=actor_of(options["actor"]),
                files=files,
                name=options["name"] or options["path"].resolve().stem,
                format_key=options["format"],
                options=self._options(options),
            )
        except Refused as error:
            raise CommandError("\n".join(f"{item.field}: {item.message}" for item in error.problems)) from error
        self._tell(job)

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        if options["family"]:
            return self._table_options(options)
        if options["role"]:
            raise CommandError(f"--role belongs to a table; accepted with --family {', '.join(TABULAR)}")
        chosen: dict[str, Any] = {key: options[key] for key in ("encoding", "split") if options[key]}
        if options["separator"]:
            chosen["separator"] = {"tab": "\t", "space": " "}.get(options["separator"], options["separator"])
        if options["no_header"]:
            chosen["has_header"] = False
        columns = {
            key: options[key] for key in ("user", "item", "value", "timestamp", "feedback", "scale") if options[key]
        }
        if columns:
            chosen["mapping"] = self._mapping(options, chosen, columns)
        return chosen

    def _table_options(self, options: dict[str, Any]) -> dict[str, Any]:
        """Roles as suggested, overridden by what was said."""
        chosen = {key: options[key] for key in ("family", "encoding", "decimal", "time_format") if options[key]}
        if options["separator"]:
            chosen["separator"] = {"tab": "\t", "space": " "}.get(options["separator"], options["separator"])
        if options["no_header"]:
            chosen["has_header"] = False
        said: dict[str, tuple[str, ...]] = {}
        for text in options["role"]:
            role, found, column = text.partition("=")
            if not (role and found and column):
                raise CommandError(f"--role is {text!r}; accepted: ROLE=COLUMN, such as price=unit_price")
            said[role] = (*said.get(role, ()), column)
        return table_work.proposed(
            options["path"], chosen, said, control=options["control"], format_key=options["format"]
        )

    def _mapping(self, options: dict[str, Any], chosen: dict[str, Any], columns: dict[str, Any]) -> dict[str, Any]:
        """What was detected, overridden by what was said."""
        detected = importing.look(options["path"], chosen, options["format"])
        mapping = (detected.mapping.model_dump(mode="json") if detected.mapping else {}) | columns
        if mapping.get("feedback") == "implicit":
            mapping["scale"] = None
        return mapping

    def _tell(self, job: DatasetImport) -> None:
        if job.status != JobStatus.COMPLETED or job.dataset is None:
            raise CommandError(job.failure_reason or f"The import ended as {job.status_label.lower()}.")
        data = job.dataset
        if data.is_table:
            self._tell_table(job, data)
            return
        self.stdout.write(
            f"Imported {data.name}: {data.num_interactions:,} interactions of {data.num_users:,} users "
            f"and {data.num_items:,} items ({data.pk})"
        )
        if data.num_refused:
            reasons = json.dumps(job.report.get("reasons", {}))
            self.stdout.write(
                f"{data.num_refused:,} rows were refused: {reasons}. They are listed on the dataset's page."
            )
        if data.num_duplicates:
            self.stdout.write(f"{data.num_duplicates:,} duplicates were resolved: {job.report.get('rule', '')}")

    def _tell_table(self, job: DatasetImport, data: Dataset) -> None:
        roles = ", ".join(f"{column['role']} {column['name']}" for column in data.columns if column["role"])
        family = Family(data.family).label.lower()
        self.stdout.write(f"Imported {data.name}: {data.num_interactions:,} rows for {family} ({data.pk})")
        self.stdout.write(f"Roles: {roles}")
        if data.num_refused:
            reasons = json.dumps(job.report.get("reasons", {}))
            self.stdout.write(
                f"{data.num_refused:,} rows were refused: {reasons}. They are listed on the dataset's page."
            )
