"""The version that a command is to answer with: the one in production, or the one whose number is given."""

from __future__ import annotations

import sys
from pathlib import Path

from django.core.management.base import CommandError, CommandParser

from experiments.models import ModelVersion
from experiments.selectors.registry import NotFound, named, numbered
from experiments.services import serving_files
from experiments.services.actors import workspace_of
from experiments.services.deployments import champion
from mlopspro.serving.versions import CannotLoad, ServedVersion, load


def add_options(parser: CommandParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="Name or id of a model")
    parser.add_argument("--number", default="", metavar="NUMBER", help="Left out: that in production")
    parser.add_argument("--workspace", default="", help="Slug; needed where there are several")


def version_of(options: dict[str, str]) -> ModelVersion:
    """Raises CommandError."""
    try:
        model = named(workspace_of(options["workspace"]), options["model"])
        found = numbered(model, options["number"]) if options["number"] else champion(model)
    except NotFound as error:
        raise CommandError(str(error)) from error
    if found is None:
        raise CommandError(f"no version of {model.name} is in production; say which with --number")
    rows = ModelVersion.objects.select_related("model", "experiment__dataset", "dataset")
    return rows.get(pk=found.pk)


def loaded_version(options: dict[str, str]) -> ServedVersion:
    """Ready to answer, prepared first where nobody did. Raises CommandError."""
    version = version_of(options)
    try:
        serving_files.prepare(version)
        return load(version)
    except (CannotLoad, serving_files.CannotPrepare) as error:
        raise CommandError(f"{version.model.name} {version.number} cannot be loaded: {error}") from error


def target_of(text: str) -> Path:
    """Where the answers go. Raises CommandError."""
    target = Path(text).expanduser().resolve()
    if target.suffix != ".parquet":
        raise CommandError(f"--out {text!r}: a path that ends in .parquet is accepted")
    if not target.parent.is_dir():
        raise CommandError(f"--out {text!r}: there is no folder {target.parent}")
    return target


def show_progress(done: int, total: int) -> None:
    """A bar on a terminal, nothing elsewhere."""
    if sys.stderr.isatty():
        width = 40 * done // max(1, total)
        sys.stderr.write(f"\r[{'#' * width}{'.' * (40 - width)}] {done:,} of {total:,}")
        sys.stderr.write("\n" if done >= total else "")
        sys.stderr.flush()
