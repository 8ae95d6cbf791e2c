"""The file in which a recipe travels from one workspace or installation to another: JSON, typed, with hashes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from experiments.learning.families import Family
from experiments.recipes.completing import complete, sha256_of
from experiments.recipes.limits import misfits
from experiments.recipes.merging import merge
from experiments.recipes.numbers import parse
from experiments.recipes.plain_json import parse_object
from experiments.recipes.problems import ManifestProblem, ManifestRefused, problem, shown

KIND = "mlopspro-recipe"
FORMAT = 1
MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 25
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Inherited(_Part):
    """From which version a version inherits."""

    recipe: str = Field(max_length=200)
    number: str = Field(max_length=30)
    effective_sha256: Hash


class VersionFile(_Part):
    number: str = Field(max_length=30)
    status: Literal["draft", "approved", "archived"] = "draft"
    change_note: str = Field(min_length=1, max_length=5_000)
    created_at: dt.datetime | None = None
    created_by: str = Field("", max_length=200)
    approved_at: dt.datetime | None = None
    inherits: Inherited | None = None
    manifest: dict[str, Any]
    effective: dict[str, Any]
    effective_sha256: Hash


class RecipeFile(_Part):
    """``parent`` is the name of the recipe above; what it said is in the versions' effective manifests."""

    kind: Literal["mlopspro-recipe"]
    format: Literal[1]
    exported_at: dt.datetime | None = None
    name: str = Field(min_length=1, max_length=200)
    description: str = Field("", max_length=10_000)
    family: Family
    level: Literal["baseline", "industry", "client"]
    parent: str = Field("", max_length=200)
    tags: list[str] = Field(default_factory=list, max_length=20)
    versions: list[VersionFile] = Field(min_length=1, max_length=1_000, description="The oldest first.")


def read(content: bytes | str | dict[str, Any]) -> RecipeFile:
    """The typed file, its hashes and numbers checked. Raises ManifestRefused with every problem and its place."""
    plain = content if isinstance(content, dict) else parse_object(content, MAX_BYTES)
    problems = misfits(plain, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    if problems:
        raise ManifestRefused(problems)
    if plain.get("kind") != KIND:
        words = f"is {shown(plain.get('kind'))}; accepted: {KIND!r}, a recipe that was exported"
        raise ManifestRefused([problem(("kind",), words)])
    if plain.get("format") != FORMAT:
        words = f"is {shown(plain.get('format'))}; this installation reads format {FORMAT}"
        raise ManifestRefused([problem(("format",), words)])
    try:
        found = RecipeFile.model_validate(plain)
    except ValidationError as error:
        raise ManifestRefused([_said(item) for item in error.errors(include_url=False)]) from error
    problems = _inconsistencies(found)
    if problems:
        raise ManifestRefused(problems)
    return found


def _said(item: Any) -> ManifestProblem:
    given = item.get("input")
    value = "" if isinstance(given, (dict, list)) or item["type"] == "missing" else f" (given: {shown(given)})"
    return problem(item["loc"], f"{item['msg'][0].lower()}{item['msg'][1:]}{value}")


def _inconsistencies(file: RecipeFile) -> list[ManifestProblem]:
    found: list[ManifestProblem] = []
    before = None
    for position, version in enumerate(file.versions):
        place = ("versions", position)
        try:
            number = parse(version.number)
        except ValueError as error:
            found.append(problem((*place, "number"), str(error)))
            continue
        if before is not None and number <= before:
            found.append(problem((*place, "number"), f"{number} is not above {before}; versions stand oldest first"))
        before = number
        found += _wrong_content(place, version)
        if (version.inherits is None) != (file.level == "baseline"):
            words = "a baseline inherits from nothing" if version.inherits else "is left out; it says what it inherits"
            found.append(problem((*place, "inherits"), words))
    return found


def _wrong_content(place: tuple[str | int, ...], version: VersionFile) -> list[ManifestProblem]:
    """A hash that does not fit, or a whole that does not hold what the version says."""
    actual = sha256_of(version.effective)
    if actual != version.effective_sha256:
        words = f"is {version.effective_sha256[:12]}…, but the content has {actual[:12]}…: the file was changed"
        return [problem((*place, "effective_sha256"), words)]
    try:
        again = sha256_of(complete(merge(version.effective, version.manifest)))
    except (ValidationError, RecursionError):
        return []  # what is wrong with the whole is said by the check of the manifest
    if again != version.effective_sha256:
        return [problem((*place, "manifest"), "says something that its effective manifest does not hold")]
    return []
