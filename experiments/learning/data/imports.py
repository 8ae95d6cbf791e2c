"""Files in, validated interactions out: the one call behind the upload page and the import command."""

from __future__ import annotations

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers import registry
from experiments.learning.data.readers.base import Files, Role
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.validation import Progress, Validated, validate


def load(
    files: Files,
    format_key: str | None = None,
    options: ReadOptions | None = None,
    on_progress: Progress | None = None,
) -> Validated:
    """Reads and validates an import.

    Args:
        files: path of each role; "interactions" is required. For MovieLens it is the folder or zip.
        format_key: key of the reader; None recognises it from the file.
        options: what a person confirmed; None takes everything as detected.
        on_progress: called with the number of rows read so far.

    Raises:
        DatasetError: names the field, the value and what would be accepted.
    """
    if "interactions" not in files:
        raise DatasetError("files", "there is no file with interactions", accepted="a file for the role 'interactions'")
    reader = registry.get(format_key or registry.sniff(files["interactions"]))
    fixed: list[Role] = [] if reader.needs_mapping else [role for role in files if role != "interactions"]
    if fixed:
        raise DatasetError(
            f"{fixed[0]} file",
            f"{reader.label} brings its own",
            value=files[fixed[0]].name,
            accepted="the folder or zip alone",
        )
    return validate(reader.open(files, options or ReadOptions()), on_progress)
