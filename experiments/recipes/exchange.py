"""The file in which a recipe travels from one workspace or installation to another: JSON, typed, with hashes."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from experiments.learning.families import Family
from experiments.recipes.completing import complete, sha256_of
from experiments.recipes.limits import misfits
from experiments.recipes.merging import merge
from experiments.recipes.numbers import parse
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
    plain = content if isinstance(content, dict) else _json(content)
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


def _json(content: bytes | str) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise ManifestRefused([problem((), f"has {len(content):,} bytes; accepted: up to {MAX_BYTES:,}")])
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        plain = json.loads(text, object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise ManifestRefused([problem((), "is no text in UTF-8; accepted: an exported recipe (JSON)")]) from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ManifestRefused([problem((), f"is no JSON: {error.msg} at {where}")]) from error
    except RecursionError as error:
        raise ManifestRefused([problem((), f"is deeper than {MAX_DEPTH} levels")]) from error
    except ValueError as error:
        raise ManifestRefused([problem((), f"cannot be read: {str(error)[:200]}")]) from error
    if not isinstance(plain, dict):
        raise ManifestRefused([problem((), "is no object; accepted: an exported recipe (JSON)")])
    return plain


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {shown(double)} is said twice in one object")
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
